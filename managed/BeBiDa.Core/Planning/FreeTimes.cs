using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Planning;

/// <summary>Tells on each lent Node how long it stays free (<c>nodes.freeSeconds</c>).</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="labels">Where it is told.</param>
/// <param name="configuration">Which nodes are lent.</param>
/// <param name="time">The clock.</param>
public sealed class FreeTimes(ICluster cluster, IFreeLabels labels, BebidaConfiguration configuration, TimeProvider time)
{
    // One that cannot be written must not keep the others from it.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    private readonly FreeBook book = new();
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private readonly NodeNames names = new(configuration.Nodes);
    private volatile bool hasBegun;

    /// <summary>How often <see cref="LookAsync"/> is to be called: the labels of a cluster are written one in this time.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Takes in Slurm's state and its plans.</summary>
    /// <param name="state">The state.</param>
    /// <param name="plans">The plans as they were read last.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task LearnAsync(SlurmConditions state, Schedule plans, CancellationToken cancellationToken)
    {
        // What Nodes say already may only fall.
        if (!hasBegun)
            return;
        var directory = await cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        var now = time.GetUtcNow();
        var free = new Dictionary<string, (ClusterNode Node, DateTimeOffset Until, bool IsIdle)>(StringComparer.Ordinal);
        if (plans.Window > TimeSpan.Zero)
        {
            var starts = plans.FirstOfEachNode();
            // From when on a node may be held for what comes.
            var (lead, maintenanceLead) = (configuration.Nodes.Lead, configuration.Slurm.MaintenanceLead);
            var reserved = state
                .Maintenance.Select(r => (Reservation: r, Lead: maintenanceLead))
                .Concat(state.Reservations.Select(r => (Reservation: r, Lead: lead)))
                .Where(r => r.Reservation.End > now)
                .SelectMany(r => r.Reservation.Nodes.Select(node => (Node: node, Begin: r.Reservation.Begin - r.Lead)))
                .ToLookup(r => r.Node, r => r.Begin, StringComparer.Ordinal);
            foreach (var node in state.Nodes.Where(n => policy.Counts(n.Name)))
                if (names.Find(node.Name, directory) is { } found)
                {
                    // Slurm plans no further than that.
                    var until = reserved[node.Name].Append(now + plans.Window).Min();
                    if (starts.GetValueOrDefault(node.Name) is { } plan && plan.Expected - lead < until)
                        until = plan.Expected - lead;
                    var isIdle = (node.Conditions & NodeConditions.Idle) != 0;
                    // Several of Slurm's nodes may be one of Kubernetes'.
                    free[found.Uid] = free.TryGetValue(found.Uid, out var other)
                        ? (found, until < other.Until ? until : other.Until, isIdle && other.IsIdle)
                        : (found, until, isIdle);
                }
        }
        book.Learn(directory.Nodes.Select(n => n.Uid).ToHashSet(StringComparer.Ordinal), free, plans.Interval, now);
    }

    /// <summary>Writes one label, if one is due.</summary>
    public async Task<ReconcileResult> LookAsync(CancellationToken cancellationToken)
    {
        ClusterNode? node = null;
        try
        {
            if (!hasBegun)
                book.Begin(await labels.ReadFreeAsync(cancellationToken).ConfigureAwait(false));
            hasBegun = true;
            if (book.Next(time.GetUtcNow()) is not var (next, free))
                return new ReconcileResult([], null);
            node = next;
            await labels.TellFreeAsync(node, free, cancellationToken).ConfigureAwait(false);
            book.Wrote(node, free);
            return new ReconcileResult([], null);
        }
        catch (ClusterException e)
        {
            // A node that is gone, or has registered anew, is known to be so at the next look at Slurm.
            if (node is null)
                return new ReconcileResult([], $"cannot read the nodes' labels: {e.Message}");
            book.Postpone(node, time.GetUtcNow() + Rest);
            return e.Fault is ClusterFault.NotFound or ClusterFault.Conflict
                ? new ReconcileResult([], null)
                : new ReconcileResult([], $"node {node.Name}: cannot write its label: {e.Message}");
        }
    }
}
