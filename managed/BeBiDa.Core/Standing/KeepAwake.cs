using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>The nodes that Slurm's power saving leaves on (<c>SuspendExcNodes</c> in slurm.conf(5)).</summary>
public interface INodesKeptOn
{
    /// <summary>Which they are now, whoever named them.</summary>
    /// <exception cref="JobsUnknownException">Slurm does not tell, or the list is one that cannot be changed by name.</exception>
    Task<IReadOnlySet<string>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Adds nodes to the list.</summary>
    /// <exception cref="JobsUnknownException">Slurm refuses.</exception>
    Task AddAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken);

    /// <summary>Removes nodes from the list.</summary>
    /// <exception cref="JobsUnknownException">Slurm refuses.</exception>
    Task RemoveAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken);
}

/// <summary>Has Slurm's power saving leave lent nodes on while they have pods (<c>nodes.keepAwake</c>).</summary>
/// <remarks>
/// It removes what it has added, and nothing else: what was in the list before is slurm.conf's, or an admin's. slurmctld forgets
/// the list when it ends or reads slurm.conf again, as this does with its process; what is missing then is added again.
/// </remarks>
/// <param name="cluster">The cluster.</param>
/// <param name="slurm">Slurm's nodes.</param>
/// <param name="list">The list.</param>
/// <param name="configuration">Which nodes are lent.</param>
/// <param name="logger">Where to tell.</param>
public sealed class KeepAwake(
    ICluster cluster,
    ISlurmConditions slurm,
    INodesKeptOn list,
    BebidaConfiguration configuration,
    ILogger logger
)
{
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private readonly NodeNames names = new(configuration.Nodes);
    private readonly HashSet<string> ours = new(StringComparer.Ordinal);

    // Each look lists all pods, and each change of the list has slurmctld lock its nodes.
    private const int LooksBetween = 6;

    /// <summary>How often to look.</summary>
    public TimeSpan Interval => configuration.Slurm.LookInterval * LooksBetween;

    /// <summary>Looks once; what cannot be read or changed is the result's problem. One call at a time.</summary>
    public async Task<ReconcileResult> RepairAsync(CancellationToken cancellationToken)
    {
        try
        {
            var busy = await WithPodsAsync(cancellationToken).ConfigureAwait(false);
            var listed = await list.ReadAsync(cancellationToken).ConfigureAwait(false);
            ours.IntersectWith(listed);
            var missing = busy.Except(listed, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            var over = ours.Except(busy, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (missing.Count > 0)
            {
                // Before it is done: an answer that is lost must not make them an admin's.
                ours.UnionWith(missing);
                await list.AddAsync(missing, cancellationToken).ConfigureAwait(false);
                logger.KeptAwake(missing);
            }
            if (over.Count > 0)
            {
                await list.RemoveAsync(over, cancellationToken).ConfigureAwait(false);
                ours.ExceptWith(over);
                logger.KeptAwakeNoLonger(over);
            }
            return new ReconcileResult([], null);
        }
        catch (Exception e) when (e is ClusterException or JobsUnknownException)
        {
            return new ReconcileResult([], e.Message);
        }
    }

    // By Slurm's names. Several of Slurm's nodes may be one of Kubernetes'.
    private async Task<HashSet<string>> WithPodsAsync(CancellationToken cancellationToken)
    {
        var state = await slurm.ReadAsync(cancellationToken).ConfigureAwait(false);
        var directory = await cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        var lent = state
            .Nodes.Where(n => policy.Counts(n.Name))
            .Select(n => (n.Name, Node: names.Find(n.Name, directory)))
            .Where(n => n.Node is not null)
            .ToList();
        if (lent.Count == 0)
            return [];
        var pods = await cluster.ListPodsAsync([.. lent.Select(n => n.Node!).Distinct()], cancellationToken).ConfigureAwait(false);
        var busy = pods.Pods.Where(DrainRules.MustLeave).Select(p => p.Node).ToHashSet(StringComparer.Ordinal);
        return [.. lent.Where(n => busy.Contains(n.Node!.Name)).Select(n => n.Name)];
    }
}
