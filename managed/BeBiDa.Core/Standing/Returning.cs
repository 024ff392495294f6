using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Logs;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>Holds nodes that jobs have left until their kubelets report to Kubernetes again (the standing hold <c>return</c>).</summary>
/// <remarks>
/// Without it, pods are bound to a node whose kubelet is still starting, or whose device plugins have not registered: such
/// pods fail (UnexpectedAdmissionError). The hold is written before the job's is released, and only these nodes are read.
/// </remarks>
public sealed class Returning : IAsyncDisposable
{
    private const int MostEnded = 10_000;

    // Thousands of nodes may come back at once, and jobs' writes must not wait behind them.
    private const int MostWrites = 4;
    private const string Why = "waiting for kubelet after a job";
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(2);

    private readonly IHeartbeats heartbeats;
    private readonly ICluster cluster;
    private readonly NodesConfiguration configuration;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly EventRecorder? events;
    private readonly SemaphoreSlim writing = new(MostWrites);
    private readonly Lock gate = new();
    private readonly Dictionary<string, ReturningNode> nodes = new(StringComparer.Ordinal);

    // The ledger may be read before a release and compared after it: what has ended is not begun again.
    private readonly Dictionary<string, DateTimeOffset?> ended = new(StringComparer.Ordinal);

    /// <summary>Gets ready; nothing is asked yet.</summary>
    /// <param name="heartbeats">Whom to ask about kubelets.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    public Returning(IHeartbeats heartbeats, ICluster cluster, BebidaConfiguration configuration, TimeProvider time, ILogger logger)
    {
        this.heartbeats = heartbeats;
        this.cluster = cluster;
        this.configuration = configuration.Nodes;
        this.time = time;
        this.logger = logger;
        events = EventRecorder.For(configuration.Kubernetes, cluster, logger);
    }

    /// <summary>How often <see cref="LookAsync"/> is to be called.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Looks at the kubelets of all nodes that are being returned, and releases those that are back.</summary>
    /// <returns>No outcome: a read or write that fails is the next look's.</returns>
    public async Task<ReconcileResult> LookAsync(CancellationToken cancellationToken)
    {
        List<ReturningNode> all;
        lock (gate)
            all = [.. nodes.Values];
        await Task.WhenAll(all.Select(node => LookAtAsync(node, cancellationToken))).ConfigureAwait(false);
        return new ReconcileResult([], null);
    }

    /// <summary>What kubelets said last, before they start again: read as a job begins to end. Takes at most two seconds.</summary>
    /// <returns>By the node's uid; what could not be read is missing.</returns>
    internal async Task<IReadOnlyDictionary<string, NodeHeartbeat>> ReadAsync(
        IEnumerable<ClusterNode> left,
        CancellationToken cancellationToken
    )
    {
        var read = await Task.WhenAll(
                left.DistinctBy(node => node.Uid)
                    .Select(async node => (node.Uid, (await ReadAsync(node, cancellationToken).ConfigureAwait(false)).Heartbeat))
            )
            .ConfigureAwait(false);
        return read.Where(r => r.Heartbeat is not null).ToDictionary(r => r.Uid, r => r.Heartbeat!, StringComparer.Ordinal);
    }

    /// <summary>Holds a node that a job is about to give back.</summary>
    /// <param name="node">The node.</param>
    /// <param name="slurmCluster">The Slurm cluster whose job it is.</param>
    /// <param name="before">What its kubelet said last; null if unknown.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    /// <param name="unsent">Withdraws it if it has not been sent.</param>
    /// <exception cref="ClusterException">The hold cannot be written.</exception>
    internal async Task HoldAsync(
        ClusterNode node,
        string slurmCluster,
        NodeHeartbeat? before,
        CancellationToken cancellationToken,
        CancellationToken unsent
    )
    {
        var now = time.GetUtcNow();
        // As the ledger has it.
        var since = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var hold = new Hold(new HoldKey(slurmCluster, Holders.Return), since, new HoldReason(Why, null));
        var returning = new ReturningNode(node, hold, before, now);
        // Noted first: a look must not release it for the job before.
        lock (gate)
            nodes[node.Uid] = returning;
        try
        {
            await cluster.HoldAsync(node, hold, cancellationToken, unsent).ConfigureAwait(false);
        }
        catch
        {
            Remove(returning);
            throw;
        }
        returning.IsWritten = true;
    }

    /// <summary>Whether the hold that the ledger shows is to stay. One that an earlier slurmctld left is followed from now on.</summary>
    internal bool Keeps(ClusterNode node, Hold hold)
    {
        lock (gate)
        {
            if (nodes.ContainsKey(node.Uid))
                return true;
            if (ended.TryGetValue(node.Uid, out var since) && hold.Since <= since)
                return false;
            nodes[node.Uid] = new ReturningNode(node, hold, null, hold.Since ?? default) { IsWritten = true };
            return true;
        }
    }

    /// <summary>Whether a hold is young enough for a process that follows none to leave it to slurmctld's.</summary>
    internal static bool IsYoung(Hold hold, NodesConfiguration configuration, DateTimeOffset now) =>
        configuration.WaitUntilReady && hold.Since + configuration.ReadyTimeout > now;

    /// <summary>Writes the last Events. The holds stay, for the next slurmctld.</summary>
    public async ValueTask DisposeAsync()
    {
        if (events is not null)
            await events.DisposeAsync().ConfigureAwait(false);
    }

    private async Task LookAtAsync(ReturningNode returning, CancellationToken cancellationToken)
    {
        if (!returning.IsWritten)
            return;
        var (seen, isAway, isNodeGone) = await ReadAsync(returning.Node, cancellationToken).ConfigureAwait(false);
        returning.See(seen, isAway, time.GetUtcNow());
        if (returning.IsGone || isNodeGone)
            Remove(returning);
        if (isAway || isNodeGone || returning.IsGone || (returning.HasJob && !returning.IsTaken))
            return;
        var isReady = returning.IsReady(configuration.ReadyWhen);
        var isLate = time.GetUtcNow() >= returning.Since + configuration.ReadyTimeout;
        if ((!returning.IsTaken && !isReady && !isLate) || !IsCurrent(returning))
            return;
        var (isDone, isFree) = await TryReleaseAsync(returning, cancellationToken).ConfigureAwait(false);
        if (isDone)
            Remove(returning);
        // Whoever else holds it says why.
        if (isFree)
            Tell(returning);
    }

    // Whether it need not be tried again, and whether there is a node that nobody holds now.
    private async Task<(bool IsDone, bool IsFree)> TryReleaseAsync(ReturningNode returning, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var others = await cluster.ReleaseAsync(returning.Node, returning.Hold.Key, cancellationToken).ConfigureAwait(false);
            return (true, others.Count == 0);
        }
        catch (ClusterException e)
        {
            // A node that is gone needs no hold.
            return (e.Fault == ClusterFault.NotFound, false);
        }
        finally
        {
            writing.Release();
        }
    }

    private void Remove(ReturningNode returning)
    {
        lock (gate)
        {
            if (nodes.GetValueOrDefault(returning.Node.Uid) != returning)
                return;
            nodes.Remove(returning.Node.Uid);
            if (!returning.IsWritten)
                return;
            // Nodes that come and go must not fill slurmctld's memory. One that is begun again ends with the next Lease.
            if (ended.Count >= MostEnded)
                ended.Clear();
            ended[returning.Node.Uid] = returning.Hold.Since;
        }
    }

    // Another job may have ended there since.
    private bool IsCurrent(ReturningNode returning)
    {
        lock (gate)
            return nodes.GetValueOrDefault(returning.Node.Uid) == returning;
    }

    private void Tell(ReturningNode returning)
    {
        var (node, now) = (returning.Node.Name, time.GetUtcNow());
        var since = returning.Hold.Since ?? now;
        var missing = returning.Missing(configuration.ReadyWhen);
        var tail = new LogTail(LogTail.Release, missing is null ? LogTail.Done : LogTail.TimedOut, Holders.Return, now - since, node);
        var message = "kubelet reports again after a job";
        if (missing is null)
        {
            logger.Returned(node, tail);
        }
        else
        {
            var limit = Duration.Format(configuration.ReadyTimeout);
            logger.NotReturned(node, limit, missing, tail);
            message = $"Released after {limit}, though {missing}";
        }
        events?.Record(
            new NodeEvent(returning.Node, returning.Hold.Key, NodeEvent.Recommissioned, message, since, now, Warning: missing is not null)
        );
    }

    // Where nothing is read: whether Kubernetes is away, and says nothing of any node, or whether this one is gone.
    private async Task<(NodeHeartbeat? Heartbeat, bool IsAway, bool IsNodeGone)> ReadAsync(
        ClusterNode node,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(ReadPatience, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var heartbeat = await heartbeats.HeartbeatAsync(node, over.Token).ConfigureAwait(false);
            return (heartbeat, IsAway: false, IsNodeGone: heartbeat is null);
        }
        catch (ClusterException e)
        {
            return (null, e.IsTransient, false);
        }
        catch (OperationCanceledException)
        {
            return (null, true, false);
        }
    }
}
