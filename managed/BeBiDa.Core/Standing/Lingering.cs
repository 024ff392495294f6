using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Logs;
using BeBiDa.Metrics;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>
/// Keeps nodes that jobs have left for the next job (the standing hold <c>linger</c>), and those that were emptied for one, and lets
/// that job start under this hold, with no write of its own: a relay.
/// </summary>
/// <remarks>
/// The hold is a lease, whose end stands in the ledger. These rules keep a relayed job's node from Kubernetes.
/// <list type="number">
/// <item>The lease is written before the hold of the job that leaves is released.</item>
/// <item>Only the process that has written it relays under it, and only until <see cref="Margin"/> before its end.</item>
/// <item>That process releases it only while it relays nobody. Any other waits until <see cref="Margin"/> after its end, and until
/// each of Slurm's jobs there has a hold of its own. Both release only the lease that they know, and no newer one.</item>
/// <item>A job that outlives half a lease gets a hold of its own. Those that an earlier process relayed get theirs before this one
/// keeps any node (<see cref="Begin"/>).</item>
/// </list>
/// So a crash at any moment leaves a hold that says when it ends, and a job that lacks its own gets it before the lease is released.
/// </remarks>
public sealed class Lingering : IAsyncDisposable
{
    private const string Why = "kept for the next job";

    // Thousands of nodes may end together, and jobs' writes must not wait behind them.
    private const int MostWrites = 4;

    private readonly ICluster cluster;
    private readonly TimeSpan linger;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Returning? returning;
    private readonly Instruments? instruments;
    private readonly EventRecorder? events;
    private readonly SemaphoreSlim writing = new(MostWrites);
    private readonly Lock gate = new();
    private readonly Dictionary<string, LingeringNode> nodes = new(StringComparer.Ordinal);
    private bool hasBegun;

    /// <summary>Gets ready; nothing is asked yet.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="returning">What holds a node after this until its kubelet reports; null when nothing does.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    public Lingering(
        ICluster cluster,
        BebidaConfiguration configuration,
        TimeProvider time,
        ILogger logger,
        Returning? returning = null,
        Instruments? instruments = null
    )
    {
        this.cluster = cluster;
        this.time = time;
        this.logger = logger;
        this.returning = returning;
        this.instruments = instruments;
        linger = configuration.Nodes.Linger;
        events = EventRecorder.For(configuration.Kubernetes, cluster, logger);
    }

    /// <summary>Whether a site's nodes are ever kept for a job.</summary>
    /// <remarks>Not before a planned job where jobs remove Nodes: a relayed one removes none, and no other does under a lease.</remarks>
    public static bool IsNeeded(BebidaConfiguration configuration) =>
        configuration.Nodes.Linger > TimeSpan.Zero
        || ((configuration.Nodes.Lead > TimeSpan.Zero || configuration.Nodes.KeepFree.Count > 0) && !configuration.Kubernetes.RemoveNode);

    /// <summary>How long a lease lasts. It is renewed for as long as a node lingers; this bounds how long a job leans on it.</summary>
    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(60);

    /// <summary>By how much the clocks of two hosts may differ, and a write be late.</summary>
    public static TimeSpan Margin { get; } = TimeSpan.FromSeconds(10);

    /// <summary>How often <see cref="LookAsync"/> is to be called.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Raised when a node may be held for a job that has left it: the reconciler is to look.</summary>
    public event Action? InDoubt;

    /// <summary>Raised when a node is about to be released, with the jobs that have left it: nothing is to look after their pods any more.</summary>
    internal event Action<HoldKey>? Ending;

    /// <summary>Raised when a node is released, and no job holds it.</summary>
    internal event Action<ClusterNode>? Ended;

    /// <summary>Whether a hold of another process is to stay: it may still relay jobs under it.</summary>
    /// <param name="hold">The hold, as the ledger shows it.</param>
    /// <param name="now">The time.</param>
    internal static bool IsYoung(Hold hold, DateTimeOffset now) => hold.Reason?.Until is { } until && now < until + Margin;

    /// <summary>Whether a hold of another process covers a job that has none of its own.</summary>
    /// <param name="hold">The hold, as the ledger shows it.</param>
    /// <param name="now">The time.</param>
    internal static bool Covers(Hold hold, DateTimeOffset now) => hold.Reason?.Until is { } until && now < until - Margin;

    /// <summary>Each of Slurm's jobs holds its nodes: from now on, nodes may be kept.</summary>
    internal void Begin() => Volatile.Write(ref hasBegun, true);

    /// <summary>Keeps nodes that are held and empty for a job to come, until they are offered no more.</summary>
    /// <param name="cluster">The Slurm cluster whose nodes they are.</param>
    /// <param name="offered">The nodes; no job has them.</param>
    internal void Offer(string cluster, IEnumerable<ClusterNode> offered)
    {
        if (!Volatile.Read(ref hasBegun))
            return;
        var now = time.GetUtcNow();
        lock (gate)
        {
            foreach (var node in nodes.Values)
                node.IsOffered = false;
            foreach (var node in offered)
            {
                if (!nodes.TryGetValue(node.Uid, out var found))
                    nodes[node.Uid] = found = new LingeringNode(node, cluster) { IdleSince = now };
                found.IsOffered = found.Cluster == cluster;
            }
        }
    }

    /// <summary>Lets a job have a node without a write, if the node lingers and its lease lasts.</summary>
    /// <returns>Whether it has it; if not, it needs a hold of its own.</returns>
    internal bool TryRelay(HoldKey job, ClusterNode node)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            if (
                nodes.GetValueOrDefault(node.Uid) is not { IsEnding: false, Until: { } until } found
                || found.Cluster != job.Cluster
                || now >= until - Margin
            )
                return false;
            found.Relayed.TryAdd(job, new RelayedJob(now));
            found.IdleSince = null;
            found.HadJob = true;
        }
        instruments?.NodeRelayed();
        return true;
    }

    /// <summary>Whether a job has a node without a hold of its own.</summary>
    /// <param name="job">The job.</param>
    /// <param name="node">The node.</param>
    internal bool IsRelayed(HoldKey job, ClusterNode node)
    {
        lock (gate)
            return nodes.GetValueOrDefault(node.Uid)?.Relayed.ContainsKey(job) == true;
    }

    /// <summary>A job has been given a hold of its own on a node, by someone else than this.</summary>
    internal void Owns(HoldKey job, ClusterNode node)
    {
        lock (gate)
            nodes.GetValueOrDefault(node.Uid)?.Relayed.Remove(job);
    }

    /// <summary>Whether a node is likely to linger once a job has left it.</summary>
    internal bool WillKeep(ClusterNode node)
    {
        lock (gate)
            return linger > TimeSpan.Zero && nodes.GetValueOrDefault(node.Uid) is { IsEnding: false };
    }

    /// <summary>A relayed job has left a node.</summary>
    /// <param name="job">The job.</param>
    /// <param name="node">The node.</param>
    /// <param name="kubelets">What kubelets said as the job began to end; null where that was not read.</param>
    /// <returns>Whether it was one. If not, it has a hold of its own, or may have, which is to be released.</returns>
    internal bool TryLeave(HoldKey job, ClusterNode node, Task<IReadOnlyDictionary<string, NodeHeartbeat>>? kubelets = null)
    {
        lock (gate)
        {
            if (nodes.GetValueOrDefault(node.Uid) is not { } found || !found.Relayed.Remove(job, out var relayed))
                return false;
            BeIdle(found);
            if (linger == TimeSpan.Zero && found.IdleSince is not null)
                found.Kubelet = kubelets;
            // This process may have written one, and any other does once the lease covers the job no more.
            return !relayed.MayOwn && time.GetUtcNow() < found.Until - Margin;
        }
    }

    /// <summary>A job has left a node and released its own hold.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isReturning">Whether it waits for its kubelet already.</param>
    internal void Left(ClusterNode node, bool isReturning)
    {
        lock (gate)
            if (nodes.GetValueOrDefault(node.Uid) is { } found)
            {
                BeIdle(found);
                found.HadJob = !isReturning;
            }
    }

    /// <summary>Keeps a node that a job is about to release: writes the lease, unless the last one still lasts for half of its time.</summary>
    /// <param name="node">The node.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    /// <param name="unsent">Withdraws it if it has not been sent.</param>
    /// <returns>Whether the node lingers.</returns>
    /// <exception cref="ClusterException">The lease cannot be written.</exception>
    internal async Task<bool> KeepAsync(ClusterNode node, HoldKey job, CancellationToken cancellationToken, CancellationToken unsent)
    {
        if (linger == TimeSpan.Zero || !Volatile.Read(ref hasBegun))
            return false;
        LingeringNode? found;
        lock (gate)
        {
            if (!nodes.TryGetValue(node.Uid, out found))
                nodes[node.Uid] = found = new LingeringNode(node, job.Cluster);
            // Its release may be under way, and would take the new lease too.
            if (found.IsEnding || found.Cluster != job.Cluster)
                return false;
            // Those of an earlier lease are long out of mind.
            if (found.Writes == 0 && !Lasts(found))
                found.Before.Clear();
            found.Before.Add(job);
            found.IdleSince = null;
            // No look releases it meanwhile.
            found.Writes++;
        }
        try
        {
            await RenewAsync(found, cancellationToken, unsent).ConfigureAwait(false);
            return true;
        }
        finally
        {
            lock (gate)
            {
                found.Writes--;
                // Whether it has been written is not known: a look releases it.
                found.IsEnding |= found.Until is null && found.Writes == 0;
            }
        }
    }

    /// <summary>Somebody has uncordoned a node, or has removed a hold from it: no further job starts under its lease, and none is renewed.</summary>
    public void End(ClusterNode node)
    {
        lock (gate)
            if (nodes.TryGetValue(node.Uid, out var found))
                found.IsEnding = true;
    }

    /// <summary>Whether the hold that the ledger shows is to stay: this process's own does, and one under which another may still relay.</summary>
    internal bool Keeps(NodeLedger node, Hold hold)
    {
        lock (gate)
            if (nodes.TryGetValue(node.Node.Uid, out var found))
            {
                // Someone wants it back in Kubernetes. No further job is to meet its pods.
                found.IsEnding |= !node.Unschedulable;
                return true;
            }
        return IsYoung(hold, time.GetUtcNow());
    }

    /// <summary>Gives jobs that last a hold of their own, and Kubernetes the nodes that no job has taken.</summary>
    /// <returns>No outcome: a write that fails is the next look's.</returns>
    public async Task<ReconcileResult> LookAsync(CancellationToken cancellationToken)
    {
        List<Func<Task>> work = [];
        var now = time.GetUtcNow();
        lock (gate)
            foreach (var node in nodes.Values)
            {
                foreach (var (job, relayed) in node.Relayed)
                    if (!relayed.IsOwning && (now >= relayed.Since + (Lease / 2) || now >= node.Until))
                    {
                        (relayed.IsOwning, relayed.MayOwn) = (true, true);
                        node.Writes++;
                        work.Add(() => OwnAsync(node, job, relayed, cancellationToken));
                    }
                if (node.Relayed.Count > 0 || node.Writes > 0)
                    continue;
                if (node.IsEnding || now >= node.Until || (!node.IsOffered && now >= node.IdleSince + linger))
                {
                    node.IsEnding = true;
                    node.Writes++;
                    work.Add(() => EndAsync(node, cancellationToken));
                }
                else if (node.IdleSince is not null)
                {
                    // Soon after the job has left: the kubelet that starts after it has not said anything.
                    if (node is { HadJob: true, Kubelet: null } && returning is not null)
                        work.Add(() => node.Kubelet = returning.ReadAsync([node.Node], cancellationToken));
                    if (Lasts(node))
                        continue;
                    node.Writes++;
                    work.Add(() => RenewAsync(node, cancellationToken));
                }
            }
        await Task.WhenAll(work.Select(begin => begin())).ConfigureAwait(false);
        return new ReconcileResult([], null);
    }

    /// <summary>Writes the last Events. The holds stay until their ends, for the next slurmctld.</summary>
    public async ValueTask DisposeAsync()
    {
        if (events is not null)
            await events.DisposeAsync().ConfigureAwait(false);
    }

    private bool Lasts(LingeringNode node) => node.Until - time.GetUtcNow() >= Lease / 2;

    private void BeIdle(LingeringNode node)
    {
        node.HadJob = true;
        if (node.Relayed.Count > 0)
            return;
        node.IdleSince = time.GetUtcNow();
        node.Kubelet = null;
    }

    private async Task RenewAsync(LingeringNode node, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await RenewAsync(node, cancellationToken, default).ConfigureAwait(false);
        }
        catch (ClusterException e)
        {
            var isGone = await IsGoneAsync(node.Node, e, cancellationToken).ConfigureAwait(false);
            lock (gate)
                node.IsEnding |= isGone;
            logger.NotWrittenForState(node.Node.Name, Holders.Linger, e.Message);
        }
        finally
        {
            lock (gate)
                node.Writes--;
            writing.Release();
        }
    }

    private async Task RenewAsync(LingeringNode node, CancellationToken cancellationToken, CancellationToken unsent)
    {
        await node.Turn.WaitAsync(unsent).ConfigureAwait(false);
        try
        {
            if (!Lasts(node))
                await WriteAsync(node, cancellationToken, unsent).ConfigureAwait(false);
        }
        finally
        {
            node.Turn.Release();
        }
    }

    private async Task WriteAsync(LingeringNode node, CancellationToken cancellationToken, CancellationToken unsent)
    {
        var now = time.GetUtcNow();
        // As the ledger has it.
        var until = DateTimeOffset.FromUnixTimeSeconds((now + Lease).ToUnixTimeSeconds());
        var lease = new Hold(node.Hold, node.Since ??= now, new HoldReason(Why, until));
        lock (gate)
            node.Tried = lease;
        await cluster.HoldAsync(node.Node, lease, cancellationToken, unsent).ConfigureAwait(false);
        lock (gate)
            (node.Until, node.Written) = (until, lease);
    }

    private async Task OwnAsync(LingeringNode node, HoldKey job, RelayedJob relayed, CancellationToken cancellationToken)
    {
        var isWritten = false;
        var isGone = false;
        var hasLeft = false;
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await cluster.HoldAsync(node.Node, job, relayed.Since, cancellationToken).ConfigureAwait(false);
            isWritten = true;
        }
        catch (ClusterException e)
        {
            isGone = await IsGoneAsync(node.Node, e, cancellationToken).ConfigureAwait(false);
            logger.NotWrittenForState(node.Node.Name, job.Job, e.Message);
        }
        finally
        {
            lock (gate)
            {
                node.Writes--;
                relayed.IsOwning = false;
                node.IsEnding |= isGone;
                // It may have left, and have come again.
                hasLeft = node.Relayed.GetValueOrDefault(job) != relayed;
                if ((isWritten || isGone) && !hasLeft)
                    node.Relayed.Remove(job);
            }
            writing.Release();
        }
        // It has left as one that has no hold to release. Requeued, it may be there again with one: Slurm knows.
        if (hasLeft)
            InDoubt?.Invoke();
    }

    private async Task EndAsync(LingeringNode node, CancellationToken cancellationToken)
    {
        var isDone = false;
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var job in node.Before)
                Ending?.Invoke(job);
            if (returning is not null && node.HadJob)
                await returning
                    .HoldAsync(
                        node.Node,
                        node.Cluster,
                        (
                            await (node.Kubelet ??= returning.ReadAsync([node.Node], cancellationToken)).ConfigureAwait(false)
                        ).GetValueOrDefault(node.Node.Uid),
                        cancellationToken,
                        default
                    )
                    .ConfigureAwait(false);
            IReadOnlyList<Hold> others = [];
            // Whether the last one was written may not be known. And where this process was frozen for long, slurmctld's stand-in has
            // written another, under which it relays.
            foreach (var lease in new[] { node.Written, node.Tried }.OfType<Hold>().Distinct())
                others = await cluster.ReleaseUnchangedAsync(node.Node, lease, cancellationToken).ConfigureAwait(false);
            isDone = true;
            if (node.Tried is null || others.Any(hold => hold.Key == node.Hold))
                return;
            var hasJob = others.Any(hold => hold.Key.IsJob);
            if (!hasJob)
                Ended?.Invoke(node.Node);
            Tell(node, hasJob ? "a job holds it" : "no job has come");
        }
        catch (ClusterException e)
        {
            // A node that is gone needs no hold.
            isDone = await IsGoneAsync(node.Node, e, cancellationToken).ConfigureAwait(false);
            logger.NotWrittenForState(node.Node.Name, Holders.Linger, e.Message);
        }
        finally
        {
            lock (gate)
            {
                node.Writes--;
                if (isDone)
                    nodes.Remove(node.Node.Uid);
            }
            writing.Release();
        }
    }

    // A write to a node that has registered anew is answered as one that came second.
    private async Task<bool> IsGoneAsync(ClusterNode node, ClusterException e, CancellationToken cancellationToken) =>
        e.Fault is ClusterFault.NotFound or ClusterFault.Conflict
        && (await cluster.NodesAsync(cancellationToken).ConfigureAwait(false)).ByName(node.Name)?.Uid != node.Uid;

    private void Tell(LingeringNode node, string why)
    {
        var now = time.GetUtcNow();
        var since = node.Since ?? now;
        logger.ReleasedForState(
            node.Node.Name,
            Holders.Linger,
            why,
            new LogTail(LogTail.Release, LogTail.Done, Holders.Linger, now - since, node.Node.Name)
        );
        events?.Record(
            new NodeEvent(node.Node, node.Hold, NodeEvent.Recommissioned, $"No longer kept for the next job: {why}", since, now)
        );
    }
}
