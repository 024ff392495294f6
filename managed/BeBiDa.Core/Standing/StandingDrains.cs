using System.Diagnostics.CodeAnalysis;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Holds;
using BeBiDa.Metrics;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>Evicts the pods of nodes whose standing holds ask for that, in the background: until they have left, or it is no longer asked for.</summary>
internal sealed class StandingDrains(
    ICluster cluster,
    BebidaConfiguration configuration,
    TimeProvider time,
    ILogger logger,
    Instruments? instruments
) : IAsyncDisposable
{
    // Where many nodes have gone down together, the network between them and slurmctld may be all that is.
    private const double MostDown = 0.2;
    private const int FewDown = 3;
    private static readonly TimeSpan Newly = TimeSpan.FromMinutes(10);

    // A pod that was bound in the moment of the hold comes after its drain has begun, or even ended.
    private static readonly TimeSpan LatePause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMinutes(1);

    // A job takes the node without a look at its pods: those that somebody brought there, or uncordoned the node for, stay no longer.
    private static readonly TimeSpan RecheckPause = TimeSpan.FromMinutes(1);

    // Pods that leave in their own time, with no time by which the node is needed.
    private static readonly TimeSpan Unhurried = TimeSpan.FromMinutes(10);

    // A state that lasts for months must not fill slurmctld's memory with what was told of it.
    private const int MostTold = 1000;

    private static readonly HashSet<string> Failures = new([Holders.Fail, Holders.Down, Holders.Drain], StringComparer.Ordinal);

    private readonly Lock gate = new();
    private readonly Dictionary<string, DateTimeOffset> downSince = new(StringComparer.Ordinal);
    private readonly HashSet<string> braked = new(StringComparer.Ordinal);
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Uid, bool Gently), NodeDrain> drains = [];

    /// <summary>Starts the drains that are asked for and not done, and ends those that are asked for no more.</summary>
    /// <param name="lent">The nodes that are lent, with what they have to have.</param>
    /// <param name="state">Slurm's state.</param>
    /// <param name="isNew">Whether this process wrote a node's hold: whoever wrote it before has drained the node once.</param>
    public void Update(
        IEnumerable<(string Name, NodeLedger Node, IReadOnlyList<StandingHold> Wanted)> lent,
        SlurmConditions state,
        Func<ClusterNode, bool> isNew
    )
    {
        var nodes = lent.ToList();
        var asked = new Dictionary<(string Uid, bool Gently), (ClusterNode Node, DateTimeOffset? Begin)>();
        var brake = ManyAreDown(nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal), state);
        foreach (var (_, node, wanted) in nodes)
        {
            var leaving = wanted
                .Where(w => w.Pods != Pods.Stay && !(brake && Failures.Contains(w.Holder)) && IsHeld(node, state.Cluster, w))
                .ToList();
            if (leaving.Any(w => w.Pods == Pods.Leave))
                asked[(node.Node.Uid, false)] = (node.Node, null);
            else if (leaving.Count > 0)
                asked[(node.Node.Uid, true)] = (node.Node, leaving.Min(w => w.Begin));
        }
        lock (gate)
        {
            foreach (var key in drains.Keys.Where(key => !asked.ContainsKey(key)).ToList())
            {
                // The others of its batch begin anew at the next look.
                drains[key].Batch?.Cancel();
                drains.Remove(key);
            }
            if (drains.Count == 0 || told.Count > MostTold)
                told.Clear();
            var now = time.GetUtcNow();
            var forJobs = nodes.Where(n => IsForJobs(n.Wanted)).Select(n => n.Node.Node.Uid).ToHashSet(StringComparer.Ordinal);
            foreach (var (key, drain) in drains)
                drain.Settle(now, forJobs.Contains(key.Uid));
            var due = asked.Where(a => !drains.TryGetValue(a.Key, out var drain) || (drain.Batch is null && drain.Next <= now)).ToList();
            foreach (var group in due.GroupBy(a => (a.Key.Gently, a.Value.Begin)))
                Start(group.ToDictionary(a => a.Key, a => a.Value.Node), group.Key.Gently, group.Key.Begin, isNew);
        }
    }

    /// <summary>Whether all that a node has to have is for a job to come: one that is to be mended or switched off is empty for no job.</summary>
    public static bool IsForJobs(IReadOnlyList<StandingHold> wanted) =>
        wanted.Count > 0 && wanted.All(hold => hold.Holder is Holders.Planned or Holders.Policy);

    /// <summary>Whether a node has no pod that a job would have to wait for: a drain left none, nor did another one seconds later.</summary>
    public bool IsEmpty(ClusterNode node)
    {
        lock (gate)
            return drains.TryGetValue((node.Uid, true), out var drain) && drain.IsEmpty;
    }

    /// <summary>A node's hold was written anew: pods may have come meanwhile.</summary>
    public void Again(string uid)
    {
        lock (gate)
            foreach (var gently in new[] { false, true })
                if (drains.TryGetValue((uid, gently), out var drain))
                    drain.BeginAgain();
    }

    /// <summary>Waits until none is left to wait for.</summary>
    public async Task WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        Task all;
        lock (gate)
            all = Task.WhenAll(drains.Values.Select(d => d.Batch).OfType<Batch>().Distinct().Select(batch => batch.Work));
        await all.WaitAsync(patience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Batch> batches;
        lock (gate)
            batches = [.. drains.Values.Select(d => d.Batch).OfType<Batch>().Distinct()];
        batches.ForEach(batch => batch.Cancel());
        Task ended = Task.WhenAll(batches.Select(batch => batch.Work));
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static bool IsHeld(NodeLedger node, string cluster, StandingHold wanted) =>
        node.Holds.Any(h => h.Key == new HoldKey(cluster, wanted.Holder));

    // A node that was drained once keeps the pods that come back to it by design: none is evicted again and again.
    private void Start(
        Dictionary<(string Uid, bool Gently), ClusterNode> nodes,
        bool gently,
        DateTimeOffset? begin,
        Func<ClusterNode, bool> isNew
    )
    {
        var before = nodes
            .Where(n => drains.ContainsKey(n.Key) || !isNew(n.Value))
            .Select(n => n.Value.Name)
            .ToHashSet(StringComparer.Ordinal);
        var batch = new Batch(end => DrainAsync([.. nodes.Values], before, gently, begin, end));
        foreach (var key in nodes.Keys)
        {
            if (!drains.TryGetValue(key, out var drain))
                drains[key] = drain = new NodeDrain(nodes[key].Name);
            drain.Batch = batch;
        }
    }

    private bool ManyAreDown(HashSet<string> lent, SlurmConditions state)
    {
        var now = time.GetUtcNow();
        var down = state
            .Nodes.Where(n =>
                (n.Conditions & NodeConditions.Down) != 0 && (n.Conditions & (NodeConditions.Reboot | NodeConditions.Power)) == 0
            )
            .Select(n => n.Name)
            .Where(lent.Contains)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var up in downSince.Keys.Where(name => !down.Contains(name)).ToList())
            downSince.Remove(up);
        // What was down before this process looked may be new as well.
        foreach (var name in down)
            downSince.TryAdd(name, now);
        // Once too many, they stay so until enough of them are up.
        var newly = downSince.Where(d => now - d.Value < Newly || braked.Contains(d.Key)).Select(d => d.Key).ToList();
        var many = newly.Count >= FewDown && newly.Count > MostDown * lent.Count;
        if (many && braked.Count == 0)
            logger.ManyNodesDown(newly.Count, lent.Count);
        braked.Clear();
        if (many)
            braked.UnionWith(newly);
        return many;
    }

    // Before it begins, as the owners of the pods wish; when it has begun, as for a job.
    private async Task<DrainResult?> DrainAsync(
        IReadOnlyList<ClusterNode> nodes,
        IReadOnlySet<string> before,
        bool gently,
        DateTimeOffset? begin,
        CancellationToken cancellationToken
    )
    {
        var left =
            begin is { } needed ? needed - time.GetUtcNow()
            : gently ? Unhurried
            : (TimeSpan?)null;
        var policy = gently
            ? configuration.Eviction with
            {
                GracePeriod = null,
                OnBudget = AtDeadline.Fail,
                OnStuck = AtDeadline.Fail,
                OnStuckStateful = AtDeadline.Fail,
            }
            : configuration.Eviction;
        var patience = left > configuration.Eviction.Deadline ? left.Value : configuration.Eviction.Deadline;
        try
        {
            var result = await new Drain(
                cluster,
                new DrainScope(nodes, before, new ReplacementLimit((_, _) => { })),
                policy,
                configuration.Kubernetes.MaxInFlight,
                patience,
                time,
                logger,
                instruments
            )
                .RunAsync(cancellationToken)
                .ConfigureAwait(false);
            foreach (var (node, pods) in result.Evicted)
                logger.EvictedForState(node, pods);
            foreach (var problem in result.Left.Where(IsNew))
                logger.NotEvictedForState(problem);
            return result;
        }
        catch (ClusterException e)
        {
            if (IsNew(e.Message))
                logger.NotEvictedForState(e.Message);
            return null;
        }
    }

    private bool IsNew(string problem)
    {
        lock (gate)
            return told.Add(problem);
    }

    // What became of a node's pods.
    private sealed class NodeDrain(string node)
    {
        private bool isAfterwards;
        private bool isAgain;

        /// <summary>Whether two drains are done, and the last one saw no pod that it was not to wait for.</summary>
        public bool IsEmpty { get; private set; }

        /// <summary>Its drain that is under way.</summary>
        public Batch? Batch { get; set; }

        /// <summary>When it is drained again.</summary>
        public DateTimeOffset Next { get; set; }

        /// <summary>Pods may have come, and may still be bound.</summary>
        public void BeginAgain() => (Next, isAgain, isAfterwards, IsEmpty) = (DateTimeOffset.MinValue, Batch is not null, false, false);

        /// <summary>Decides when to drain it again, if a drain has ended.</summary>
        /// <param name="now">The time.</param>
        /// <param name="isForJob">Whether a job is to find it empty, whenever it comes.</param>
        public void Settle(DateTimeOffset now, bool isForJob)
        {
            if (Batch is not { IsOver: true } ended)
                return;
            Batch = null;
            // It may have listed the pods before the hold was written anew.
            if (ended.IsCancelled || isAgain)
                (Next, isAgain) = (now, false);
            else if (!ended.IsDone)
                (Next, IsEmpty) = (now + RetryPause, false);
            else
            {
                IsEmpty = isAfterwards && !ended.Work.Result!.NotEmpty.Contains(node);
                Next =
                    !isAfterwards ? now + LatePause
                    : isForJob ? now + RecheckPause
                    : DateTimeOffset.MaxValue;
                isAfterwards = true;
            }
        }
    }

    // Nodes that are drained together.
    [SuppressMessage("Reliability", "CA1001", Justification = "Nothing waits on its token by a handle.")]
    private sealed class Batch
    {
        private readonly CancellationTokenSource end = new();

        public Batch(Func<CancellationToken, Task<DrainResult?>> drain) => Work = Task.Run(() => drain(end.Token));

        public Task<DrainResult?> Work { get; }

        public bool IsOver => Work.IsCompleted;

        public bool IsCancelled => end.IsCancellationRequested;

        public bool IsDone => Work is { IsCompletedSuccessfully: true, Result.Left.Count: 0 };

        public void Cancel() => end.Cancel();
    }
}
