using System.Threading.Channels;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Metrics;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Draining;

/// <summary>What a drain is about.</summary>
/// <param name="Nodes">The nodes to empty.</param>
/// <param name="Drained">Those among them, by Kubernetes' name, that were drained for an earlier job and have been held since.</param>
/// <param name="Limit">Which pods are evicted that come after the hold.</param>
/// <param name="OnlyLate">Whether all pods count as having come after the hold: an earlier drain of this hand-over was about the others.</param>
internal sealed record DrainScope(
    IReadOnlyCollection<ClusterNode> Nodes,
    IReadOnlySet<string> Drained,
    ReplacementLimit Limit,
    bool OnlyLate = false
);

/// <summary>
/// Empties nodes that are already unschedulable: evicts all their pods at once, and is told by a watch when they are gone.
/// </summary>
/// <remarks>
/// One loop owns all state and reads one queue: what the watch saw, what a request was answered, what time it is.
/// So there is no lock, and every rule can be tested with a cluster and a clock that are made up.
/// What an answer means stands in <see cref="EvictionTable"/>.
/// </remarks>
internal sealed partial class Drain
{
    // How long after its grace a terminating pod counts as stuck: its kubelet needs a moment to report.
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(1);

    // An API server that has just started does not know its rules yet and denies every right.
    private static readonly TimeSpan BeforeARightCountsAsMissing = TimeSpan.FromSeconds(1);

    private readonly ICluster cluster;
    private readonly EvictionConfiguration policy;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly PodInformer informer;
    private readonly DrainScope scope;
    private readonly DateTimeOffset deadline;
    private readonly Channel<Action> queue = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<TerminatingPod> waiting = new();
    private readonly Dictionary<string, TerminatingPod> leaving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> left = new(StringComparer.Ordinal);
    private readonly EvictionLimiter limiter;
    private readonly Instruments? instruments;
    private readonly HashSet<string> withClaims = new(StringComparer.Ordinal);
    private readonly HashSet<string> keepingVolumes = new(StringComparer.Ordinal);
    private readonly HashSet<string> ignored = new(StringComparer.Ordinal);
    private readonly HashSet<string> notEmpty = new(StringComparer.Ordinal);
    private int leftCount,
        leavingCount;

    /// <summary>Prepares a drain.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="scope">The nodes to empty, and what is known of them.</param>
    /// <param name="policy">How pods leave.</param>
    /// <param name="maxInFlight">Evictions that may be under way at once.</param>
    /// <param name="patience">How long pods may take before the policy's deadline rules apply.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    public Drain(
        ICluster cluster,
        DrainScope scope,
        EvictionConfiguration policy,
        int maxInFlight,
        TimeSpan patience,
        TimeProvider time,
        ILogger logger,
        Instruments? instruments = null
    )
    {
        this.instruments = instruments;
        this.cluster = cluster;
        this.scope = scope;
        this.policy = policy;
        limiter = new EvictionLimiter(maxInFlight);
        this.time = time;
        informer = new PodInformer(cluster, scope.Nodes, time, logger);
        this.logger = logger;
        deadline = time.GetUtcNow() + patience;
    }

    /// <summary>Pods that have left so far and that are still there, for whoever shows progress.</summary>
    public (int Left, int Leaving) Progress => (Volatile.Read(ref leftCount), Volatile.Read(ref leavingCount));

    /// <summary>Drains; ends when all pods that must leave have left, or when nothing more can be done.</summary>
    /// <exception cref="ClusterException">The pods cannot be listed, and trying again does not help.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task<DrainResult> RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var list = await informer.ListAsync(end.Token).ConfigureAwait(false);
        Relisted(list, isFirst: true);
        if (IsOver())
            return Result();

        var watch = informer.FollowAsync(
            list,
            change => queue.Writer.TryWrite(() => Changed(change)),
            all => queue.Writer.TryWrite(() => Relisted(all)),
            end.Token
        );
        var clock = TickAsync(end.Token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        try
        {
            while (!IsOver())
            {
                if (Late)
                    // What hangs until now is asked in another way.
                    await patience.CancelAsync().ConfigureAwait(false);
                StartRequests(end.Token, patience.Token);
                var happened = await queue.Reader.ReadAsync(end.Token).ConfigureAwait(false);
                do happened();
                while (queue.Reader.TryRead(out happened!));
            }
            return Result();
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(watch, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsOver() => leaving.Values.All(p => p.State is PodState.Remaining);

    private DrainResult Result()
    {
        var remaining = leaving.Values.Select(p => (p.Pod, State: (PodState.Remaining)p.State)).ToList();
        return new(
            left,
            [
                .. remaining
                    .Where(p => p.State.IsFailure)
                    .Select(p => $"pod {p.Pod} on node {p.Pod.Node} {p.State.Why}")
                    .Order(StringComparer.Ordinal),
            ],
            [.. remaining.Where(p => !p.State.IsFailure).Select(p => (p.Pod, p.State.Why))],
            withClaims
                .Except(keepingVolumes.Concat(remaining.Where(p => p.Pod.HasClaims).Select(p => p.Pod.Node)))
                .ToHashSet(StringComparer.Ordinal),
            notEmpty.Concat(remaining.Select(p => p.Pod.Node)).ToHashSet(StringComparer.Ordinal)
        );
    }

    private void Relisted(PodList list, bool isFirst = false)
    {
        var there = list.Pods.Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in leaving.Values.Where(p => !there.Contains(p.Pod.Uid)).ToList())
            Gone(gone);
        foreach (var pod in list.Pods)
            Seen(pod, isFirst);
    }

    private void Changed(PodChange change)
    {
        if (!change.Gone)
            Seen(change.Pod);
        else if (leaving.TryGetValue(change.Pod.Uid, out var pod))
            Gone(pod);
    }

    private void Seen(Pod pod, bool isFirst = false)
    {
        if (leaving.TryGetValue(pod.Uid, out var known))
        {
            known.Pod = pod;
            if (pod.Finished)
                Gone(known);
            return;
        }
        if (!DrainRules.MustLeave(pod) && !pod.Finished && pod.HasClaims)
            keepingVolumes.Add(pod.Node);
        if (!DrainRules.MustLeave(pod) || ignored.Contains(pod.Uid) || !IsOurs(pod, isFirst))
            return;
        var entry = new TerminatingPod(pod);
        leaving.Add(pod.Uid, entry);
        leavingCount = leaving.Count;
        if (DrainRules.ReasonToKeep(pod, policy) is { } reason)
            entry.Remain(reason, isFailure: true);
        else
            Queue(entry);
    }

    // kubectl drain's list is taken once. What comes later was bound in the moment of the hold, and leaves too; or it comes
    // back however often it is evicted, and is no reason to wait. On a node that is held ever since an earlier drain,
    // kubelet is down: what that drain could not end stays until it runs again.
    private bool IsOurs(Pod pod, bool isFirst)
    {
        var isOurs = scope.OnlyLate
            ? pod.DeletionTimestamp is null && scope.Limit.Allows(pod)
            : isFirst && !scope.Drained.Contains(pod.Node)
                || (
                    isFirst && pod.DeletionTimestamp is { } until
                        ? until + Allowance > time.GetUtcNow()
                        : !pod.ToleratesUnschedulable && (isFirst || scope.Limit.Allows(pod))
                );
        if (!isOurs)
        {
            ignored.Add(pod.Uid);
            notEmpty.Add(pod.Node);
        }
        return isOurs;
    }

    private void Gone(TerminatingPod pod)
    {
        if (!leaving.Remove(pod.Pod.Uid))
            return;
        left[pod.Pod.Node] = left.GetValueOrDefault(pod.Pod.Node) + 1;
        if (pod.Pod.HasClaims)
            withClaims.Add(pod.Pod.Node);
        leftCount++;
        instruments?.PodLeft();
        leavingCount = leaving.Count;
        logger.PodLeft(pod.Pod.Node, pod.Pod);
    }

    private void Queue(TerminatingPod pod)
    {
        if (pod.IsBusy)
            return;
        pod.IsBusy = true;
        waiting.Enqueue(pod);
    }

    private void StartRequests(CancellationToken cancellationToken, CancellationToken patience)
    {
        for (var tries = waiting.Count; tries > 0 && limiter.HasRoom; tries--)
        {
            var pod = waiting.Dequeue();
            if (!leaving.ContainsKey(pod.Pod.Uid))
                continue;
            // Nor is there time any more to try each pod of a node that does not answer.
            if (Late && pod is { State: PodState.Running, Refusal: null } && limiter.IsSilent(pod.Pod.Node))
                pod.Refuse(NoAnswer());
            if (limiter.TryBegin(pod.Pod.Node))
                _ = RequestAsync(pod, cancellationToken, patience);
            else
                waiting.Enqueue(pod);
        }
    }

    private bool Late => time.GetUtcNow() >= deadline;

    private void TryAgain(TerminatingPod pod, TimeSpan? after)
    {
        var delay = after ?? pod.NextPause(Late);
        // Not past the deadline: then other rules hold.
        var untilDeadline = deadline - time.GetUtcNow();
        if (untilDeadline > TimeSpan.Zero && delay > untilDeadline)
            delay = untilDeadline;
        pod.IsBusy = true;
        _ = Task.Delay(delay, time)
            .ContinueWith(
                _ =>
                    queue.Writer.TryWrite(() =>
                    {
                        pod.IsBusy = false;
                        if (leaving.ContainsKey(pod.Pod.Uid))
                            Queue(pod);
                    }),
                TaskScheduler.Default
            );
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        var wait = deadline - time.GetUtcNow();
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            queue.Writer.TryWrite(Tick);
            await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
