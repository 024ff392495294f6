using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Logs;
using BeBiDa.Metrics;
using BeBiDa.Planning;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>Gives each node the standing holds that Slurm's state asks for, and takes off those that it no longer asks for.</summary>
/// <remarks>
/// Slurm is asked anew at each look, and believed. The holds are those that the ledger showed when it was read last, and what
/// this wrote since: a look at thousands of nodes that have not changed costs Kubernetes nothing. The reconciler reads the
/// whole ledger again and again, and so finds what others have changed.
/// </remarks>
public sealed class StandingHolds : IAsyncDisposable
{
    // A node whose state flaps is held at once, and released only when it stays so.
    private const int LooksBeforeRelease = 2;
    private const int MostWrites = 4;
    private const int TriesAmidConflicts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ICluster cluster;
    private readonly ILedger ledger;
    private readonly ISlurmConditions slurm;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly EventRecorder? events;
    private readonly StandingRule rule;
    private readonly StandingDifferences differences;
    private readonly Returning? returning;
    private readonly Lingering? lingering;
    private readonly Foresight? foresight;
    private readonly KeptFree? keptFree;
    private readonly NodeNames names;
    private readonly NodesConfiguration nodes;
    private readonly StandingDrains drains;
    private readonly MaintenanceRule maintenance;
    private readonly MaintenanceDrains? maintenanceDrains;

    // Thousands of nodes may change at once, and jobs' writes must not wait behind them.
    private readonly SemaphoreSlim writing = new(MostWrites);
    private readonly SemaphoreSlim turn = new(1);
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new();
    private readonly KnownHolds known = new();
    private readonly Dictionary<(string Uid, string Holder), int> unasked = [];
    private Task<ReconcileResult>? next;

    // Null until a look has chosen.
    private volatile IReadOnlySet<string>? chosen;

    /// <summary>Gets ready; nothing is asked yet.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="ledger">The holds.</param>
    /// <param name="slurm">Slurm.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    /// <param name="changes">Slurm, for the nodes that are marked for maintenance; null where it is not to be changed.</param>
    /// <param name="returning">What waits for kubelets; null where that is another process.</param>
    /// <param name="lingering">What keeps nodes for the next job; null where that is another process.</param>
    /// <param name="foresight">What follows Slurm's plans; null where that is another process.</param>
    /// <param name="keptFree">What chooses the nodes that stay with Slurm; null where that is another process.</param>
    public StandingHolds(
        ICluster cluster,
        ILedger ledger,
        ISlurmConditions slurm,
        BebidaConfiguration configuration,
        TimeProvider time,
        ILogger logger,
        Instruments? instruments = null,
        ISlurmChanges? changes = null,
        Returning? returning = null,
        Lingering? lingering = null,
        Foresight? foresight = null,
        KeptFree? keptFree = null
    )
    {
        this.cluster = cluster;
        this.ledger = ledger;
        this.slurm = slurm;
        this.time = time;
        this.logger = logger;
        events = EventRecorder.For(configuration.Kubernetes, cluster, logger);
        rule = new StandingRule(configuration.Slurm);
        differences = new StandingDifferences(configuration);
        this.returning = returning;
        this.lingering = lingering;
        this.foresight = foresight;
        this.keptFree = keptFree;
        names = new NodeNames(configuration.Nodes);
        nodes = configuration.Nodes;
        drains = new StandingDrains(cluster, configuration, time, logger, instruments);
        maintenance = new MaintenanceRule(configuration);
        maintenanceDrains = changes is null ? null : new MaintenanceDrains(changes, logger);
    }

    /// <inheritdoc cref="KnownHolds.Writes"/>
    public long Writes => known.Writes;

    /// <summary>What differs now between a ledger that was just read and what Slurm asks for; changes nothing.</summary>
    /// <param name="read">The whole ledger.</param>
    /// <param name="before"><see cref="Writes"/> before it was read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="JobsUnknownException">Slurm's state cannot be read.</exception>
    public async Task<IReadOnlyList<Repair>> DifferencesAsync(
        IReadOnlyList<NodeLedger> read,
        long before,
        CancellationToken cancellationToken
    )
    {
        known.Learn(read, before);
        var state = await slurm.ReadAsync(cancellationToken).ConfigureAwait(false);
        var directory = DirectoryOf(read);
        return [.. Changes(state, directory), .. differences.Between(read, state.Cluster, Wanted(state, directory), IsKept)];
    }

    /// <summary>Somebody has uncordoned a node, or has removed a hold from it: what it has to have is written anew by the next look.</summary>
    public void Opened(ClusterNode node)
    {
        known.Opened(node);
        drains.Again(node.Uid);
    }

    /// <summary>Drains and undrains nodes in Slurm, once: few requests for many nodes, one after the other.</summary>
    public async Task<IReadOnlyList<RepairOutcome>> ChangeAsync(IReadOnlyList<Repair> changes, CancellationToken cancellationToken) =>
        changes.Count == 0 ? [] : await maintenanceDrains!.ApplyAsync(changes, cancellationToken).ConfigureAwait(false);

    /// <summary>Makes one difference of holds good, once; does not wait until pods have left.</summary>
    public async Task<RepairOutcome> ApplyAsync(Repair repair, CancellationToken cancellationToken)
    {
        var (node, key) = (repair.KubernetesNode, repair.Hold.Key);
        var began = time.GetTimestamp();
        var isHold = repair.Action == RepairAction.Hold;
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var now = time.GetUtcNow();
            // Only its reason, or one more holder: no pods have come meanwhile.
            var wasHeld = known.Find(node) is { Unschedulable: true } before && before.Holds.Any(h => !h.Key.IsJob);
            var holds = await WriteAsync(repair, now, cancellationToken).ConfigureAwait(false);
            known.Wrote(node, holds);
            // Somebody has written it anew.
            if (!isHold && holds.Any(h => h.Key == key))
                return new RepairOutcome(repair, null);
            if (isHold && !wasHeld)
                drains.Again(node.Uid);
            var tail = new LogTail(isHold ? LogTail.Hold : LogTail.Release, LogTail.Done, key.Job, time.GetElapsedTime(began), repair.Node);
            if (isHold)
                logger.HeldForState(repair.Node, repair.Why, tail);
            else
                logger.ReleasedForState(repair.Node, key.Job, repair.Why, tail);
            events?.Record(
                new NodeEvent(
                    node,
                    key,
                    isHold ? NodeEvent.Decommissioned : NodeEvent.Recommissioned,
                    isHold
                        ? $"Held for its state in Slurm: {repair.Hold.Reason?.ForPeople}"
                        : $"No longer held for its state in Slurm ({key.Job})",
                    now,
                    now
                )
            );
            return new RepairOutcome(repair, null);
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
        {
            // A node that is gone needs no hold. One that comes again is found by the reconciler.
            known.Forget(node);
            return new RepairOutcome(repair, null);
        }
        catch (ClusterException e)
        {
            logger.NotWrittenForState(repair.Node, key.Job, e.Message);
            return new RepairOutcome(
                repair,
                $"node {repair.Node}: cannot {(isHold ? "hold it for" : "release it from")} {key.Job}: {e.Message}"
            );
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Looks at Slurm's state once, and writes what has changed. Pods leave in the background.</summary>
    /// <remarks>One look at a time. Whoever asks for one meanwhile shares the next, which has not begun.</remarks>
    /// <exception cref="ClusterException">The holds cannot be read.</exception>
    /// <exception cref="JobsUnknownException">Slurm's state cannot be read.</exception>
    public Task<ReconcileResult> LookAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return (next ??= Task.Run(InTurnAsync)).WaitAsync(cancellationToken);
    }

    /// <summary>Looks once; what cannot be read is the result's problem.</summary>
    public async Task<ReconcileResult> RepairAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await LookAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ClusterException or JobsUnknownException)
        {
            return new ReconcileResult([], e.Message);
        }
    }

    /// <summary>Looks once, for at most two seconds; what cannot be read or written then is the next look's.</summary>
    public async Task TryLookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ClusterException or JobsUnknownException or TimeoutException)
        {
            logger.WorkRetried("holding nodes for their state in Slurm", e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // slurmctld ends. The job's hold is still released.
        }
    }

    /// <summary>As <see cref="RepairAsync"/>, and waits until the pods have left that are to.</summary>
    /// <param name="patience">How long to wait; gentle drains ask for all evictions at once, and so have begun.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ReconcileResult> RepairAndDrainAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var result = await RepairAsync(cancellationToken).ConfigureAwait(false);
        await drains.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>Ends looks and drains.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await drains.DisposeAsync().ConfigureAwait(false);
        if (events is not null)
            await events.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<ReconcileResult> InTurnAsync()
    {
        await turn.WaitAsync(stop.Token).ConfigureAwait(false);
        try
        {
            lock (gate)
                next = null;
            return await LookOnceAsync(stop.Token).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<ReconcileResult> LookOnceAsync(CancellationToken cancellationToken)
    {
        if (!known.IsRead)
        {
            var before = known.Writes;
            known.Learn(await ledger.ReadAsync(cancellationToken).ConfigureAwait(false), before);
        }
        var state = await slurm.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (keptFree is not null)
            chosen = keptFree.Choose(
                state,
                known
                    .All.Where(n => n.Holds.Any(h => h.Key == new HoldKey(state.Cluster, Holders.Policy)))
                    .Select(n => names.SlurmNameOf(n.Node))
            );
        // The watch of all nodes keeps it current: the ledger may be a reconcile interval old.
        var directory = await cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        var plan = PlanFor(state, directory);
        // Nothing is done for a mark that a watch may have shown long ago: it may be failing, and its server be behind.
        if (plan.Changes.Count > 0 || plan.Repairs.Any(repair => repair.Hold.Key.Job == Holders.Maintenance))
            plan = PlanFor(state, DirectoryOf(await ledger.ReadAsync(cancellationToken).ConfigureAwait(false)));
        // At once: the less time passes since Slurm's state was read, the less anybody can have changed it.
        var changed = await ChangeAsync(plan.Changes, cancellationToken).ConfigureAwait(false);
        var outcomes = await Task.WhenAll(Ripe(plan.Repairs).Select(repair => ApplyAsync(repair, cancellationToken))).ConfigureAwait(false);
        var lent = differences.Lent(known.All, plan.Wanted).ToList();
        drains.Update(lent, state, known.IsWritten);
        if (lingering is not null)
        {
            var idle = state
                .Nodes.Where(n => (n.Conditions & NodeConditions.Idle) != 0)
                .Select(n => n.Name)
                .ToHashSet(StringComparer.Ordinal);
            lingering.Offer(
                state.Cluster,
                lent.Where(n => idle.Contains(n.Name) && StandingDrains.IsForJobs(n.Wanted) && drains.IsEmpty(n.Node.Node))
                    .Select(n => n.Node.Node)
            );
        }
        // Last: a long queue takes long to list, and the next look knows it.
        if (foresight is not null)
            await foresight.LookAsync(state, cancellationToken).ConfigureAwait(false);
        return new ReconcileResult([.. changed, .. outcomes], null);
    }

    private (
        IReadOnlyList<Repair> Changes,
        IReadOnlyDictionary<string, IReadOnlyList<StandingHold>> Wanted,
        IReadOnlyList<Repair> Repairs
    ) PlanFor(SlurmConditions state, NodeDirectory directory)
    {
        var wanted = Wanted(state, directory);
        return (Changes(state, directory), wanted, differences.Between(known.All, state.Cluster, wanted, IsKeptByALook));
    }

    private IReadOnlyDictionary<string, IReadOnlyList<StandingHold>> Wanted(SlurmConditions state, NodeDirectory directory)
    {
        var now = time.GetUtcNow();
        return rule.Of(state, now, maintenance.Marks(state, directory), foresight?.Due(state, now), chosen);
    }

    private static NodeDirectory DirectoryOf(IReadOnlyList<NodeLedger> read)
    {
        var directory = new NodeDirectory();
        directory.Replace([.. read.Select(node => node.Node)]);
        return directory;
    }

    private IReadOnlyList<Repair> Changes(SlurmConditions state, NodeDirectory directory) =>
        maintenanceDrains is null ? [] : maintenance.Changes(state, directory);

    private bool IsKept(NodeLedger node, Hold hold)
    {
        var now = time.GetUtcNow();
        return hold.Key.Holder switch
        {
            Holders.Return => returning?.Keeps(node.Node, hold) ?? Returning.IsYoung(hold, nodes, now),
            Holders.Policy => keptFree is null ? nodes.KeepFree.Count > 0 : chosen is null,
            Holders.Planned => nodes.Lead > TimeSpan.Zero && foresight?.KnowsAll != true && Foresight.IsYoung(hold, now),
            _ => lingering?.Keeps(node, hold) ?? Lingering.IsYoung(hold, now),
        };
    }

    // Asked so that a hold is followed that an earlier slurmctld left. But what a look knows of holds is as old as the last
    // reading of the ledger: only the reconciler, which reads it, releases.
    private bool IsKeptByALook(NodeLedger node, Hold hold) =>
        hold.Key.Holder == Holders.Linger || IsKept(node, hold) || (hold.Key.Holder == Holders.Return && returning is not null);

    // Another writer came first: that says nothing of the next try, and among many writes no look would be without one. All
    // else is the next look's.
    private async Task<IReadOnlyList<Hold>> WriteAsync(Repair repair, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (node, hold) = (repair.KubernetesNode, repair.Hold);
        var pauses = new Backoff(FirstPause, LongestPause);
        for (var tries = 1; ; tries++)
            try
            {
                return repair.Action == RepairAction.Hold
                        ? await cluster
                            .HoldAsync(node, hold with { Since = known.Since(node, hold.Key) ?? now }, cancellationToken)
                            .ConfigureAwait(false)
                    : hold.Key.Holder == Holders.Linger
                        // Its owner may write a new one at this moment, and jobs start under that.
                        ? await cluster.ReleaseUnchangedAsync(node, hold, cancellationToken).ConfigureAwait(false)
                    : await cluster.ReleaseAsync(node, hold.Key, cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict)
            {
                // A write to a node that is gone, or has registered anew, is answered as one that came second.
                if ((await cluster.NodesAsync(cancellationToken).ConfigureAwait(false)).ByName(node.Name)?.Uid != node.Uid)
                    throw new ClusterException(ClusterFault.NotFound, e.Message);
                if (tries == TriesAmidConflicts)
                    throw;
                await pauses.WaitAsync(time, cancellationToken).ConfigureAwait(false);
            }
    }

    private List<Repair> Ripe(IReadOnlyList<Repair> repairs)
    {
        lock (gate)
        {
            var releases = repairs
                .Where(r => r.Action == RepairAction.Release)
                .Select(r => (r.KubernetesNode.Uid, r.Hold.Key.Job))
                .ToHashSet();
            foreach (var asked in unasked.Keys.Where(k => !releases.Contains(k)).ToList())
                unasked.Remove(asked);
            foreach (var release in releases)
                unasked[release] = unasked.GetValueOrDefault(release) + 1;
            return
            [
                .. repairs.Where(r =>
                    r.Action == RepairAction.Hold || unasked[(r.KubernetesNode.Uid, r.Hold.Key.Job)] >= LooksBeforeRelease
                ),
            ];
        }
    }
}
