using System.Threading.Channels;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Metrics;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Draining;

/// <summary>
/// Empties nodes that are already unschedulable: evicts all their pods at once, and is told by a watch when they are gone.
/// </summary>
/// <remarks>
/// One loop owns all state and reads one queue: what the watch saw, what a request was answered, what time it is.
/// So there is no lock, and every rule can be tested with a cluster and a clock that are made up.
/// </remarks>
internal sealed class Drain
{
    // How long after its grace a terminating pod counts as stuck: its kubelet needs a moment to report.
    private static readonly TimeSpan Allowance = TimeSpan.FromSeconds(1);

    private readonly ICluster cluster;
    private readonly EvictionConfiguration policy;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly PodFeed feed;
    private readonly DateTimeOffset deadline;
    private readonly Channel<Action> queue = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<LeavingPod> waiting = new();
    private readonly Dictionary<string, LeavingPod> leaving = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> left = new(StringComparer.Ordinal);
    private readonly FairShare share;
    private readonly Instruments? instruments;
    private int leftCount, leavingCount;

    /// <summary>Prepares a drain.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="nodes">The nodes to empty.</param>
    /// <param name="policy">How pods leave.</param>
    /// <param name="maxInFlight">Evictions that may be under way at once.</param>
    /// <param name="patience">How long pods may take before the policy's deadline rules apply.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    public Drain(ICluster cluster, IReadOnlyCollection<ClusterNode> nodes, EvictionConfiguration policy, int maxInFlight, TimeSpan patience, TimeProvider time, ILogger logger, Instruments? instruments = null)
    {
        this.instruments = instruments;
        this.cluster = cluster;
        this.policy = policy;
        share = new FairShare(maxInFlight);
        this.time = time;
        feed = new PodFeed(cluster, nodes, time, logger);
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
        var list = await feed.ListAsync(end.Token).ConfigureAwait(false);
        Relisted(list);
        if (IsOver())
            return Result();

        var watch = feed.FollowAsync(list, change => queue.Writer.TryWrite(() => Changed(change)), all => queue.Writer.TryWrite(() => Relisted(all)), end.Token);
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
                do
                    happened();
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

    private bool IsOver() => leaving.Values.All(p => p.Kept is not null);

    private DrainResult Result() => new(left, [.. leaving.Values.Select(p => $"pod {p.Pod} on node {p.Pod.Node} {p.Kept}").Order(StringComparer.Ordinal)]);

    private void Relisted(PodList list)
    {
        var there = list.Pods.Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in leaving.Values.Where(p => !there.Contains(p.Pod.Uid)).ToList())
            Gone(gone);
        foreach (var pod in list.Pods)
            Seen(pod);
    }

    private void Changed(PodChange change)
    {
        if (!change.Gone)
            Seen(change.Pod);
        else if (leaving.TryGetValue(change.Pod.Uid, out var pod))
            Gone(pod);
    }

    private void Seen(Pod pod)
    {
        if (leaving.TryGetValue(pod.Uid, out var known))
        {
            known.Pod = pod;
            if (pod.Finished)
                Gone(known);
            return;
        }
        if (!DrainRules.MustLeave(pod))
            return;
        var entry = new LeavingPod(pod) { Kept = DrainRules.ReasonToKeep(pod, policy) };
        leaving.Add(pod.Uid, entry);
        leavingCount = leaving.Count;
        if (entry.Kept is null)
            Queue(entry);
    }

    private void Gone(LeavingPod pod)
    {
        if (!leaving.Remove(pod.Pod.Uid))
            return;
        left[pod.Pod.Node] = left.GetValueOrDefault(pod.Pod.Node) + 1;
        leftCount++;
        instruments?.PodLeft();
        leavingCount = leaving.Count;
        logger.LogDebug("node {Node}: pod {Pod} has left", pod.Pod.Node, pod.Pod);
    }

    private void Queue(LeavingPod pod)
    {
        if (pod.Busy)
            return;
        pod.Busy = true;
        waiting.Enqueue(pod);
    }

    private void StartRequests(CancellationToken cancellationToken, CancellationToken patience)
    {
        for (var tries = waiting.Count; tries > 0 && share.HasRoom; tries--)
        {
            var pod = waiting.Dequeue();
            if (!leaving.ContainsKey(pod.Pod.Uid))
                continue;
            // Nor is there time any more to try each pod of a node that does not answer.
            pod.Unanswered |= Late && share.IsSilent(pod.Pod.Node);
            if (share.TryBegin(pod.Pod.Node))
                _ = RequestAsync(pod, cancellationToken, patience);
            else
                waiting.Enqueue(pod);
        }
    }

    private bool Late => time.GetUtcNow() >= deadline;

    // Runs outside of the loop; touches the pod's state only by what it queues.
    private async Task RequestAsync(LeavingPod pod, CancellationToken cancellationToken, CancellationToken patience)
    {
        var late = Late;
        var node = pod.Pod.Node;
        var isAnswered = true;
        Action answer;
        try
        {
            if (late && pod.Deletion(policy) is { } deletion)
            {
                // Said before it is asked: the watch may tell that the pod is gone, and the drain end, before the answer comes.
                logger.LogInformation("node {Node}: pod {Pod} {Why}; deleting it{How}", node, pod.Pod, deletion.Why, deletion.IsForced ? " without grace" : "");
                instruments?.PodDeleted(deletion.IsForced ? "stuck" : pod.Blocked ? "budget" : "unanswered");
                await cluster.DeleteAsync(pod.Pod, deletion.IsForced ? TimeSpan.Zero : policy.GracePeriod, cancellationToken).ConfigureAwait(false);
                answer = () => Deleted(pod, deletion.IsForced);
            }
            else
            {
                var eviction = await cluster.EvictAsync(pod.Pod, policy.GracePeriod, late ? cancellationToken : patience).ConfigureAwait(false);
                answer = () => Evicted(pod, eviction);
            }
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
        {
            answer = () => Gone(pod);
        }
        catch (ClusterException e)
        {
            isAnswered = e.Fault != ClusterFault.Unavailable;
            answer = () => Failed(pod, e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            isAnswered = false;
            answer = () => Overdue(pod);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            // A bug of ours must keep neither the pod nor its node's share busy for ever.
            logger.LogError("node {Node}: pod {Pod}: an error that should not have been; trying again: {Error}", node, pod.Pod, e.ToString().ReplaceLineEndings(" "));
            isAnswered = false;
            answer = () => Failed(pod, new ClusterException(ClusterFault.Unavailable, $"an error that should not have been: {e.Message}", null, e));
        }
        queue.Writer.TryWrite(() =>
        {
            share.End(node, isAnswered);
            pod.Busy = false;
            answer();
        });
    }

    private void Evicted(LeavingPod pod, EvictionAnswer answer)
    {
        switch (answer)
        {
            case EvictionAnswer.Gone:
                Gone(pod);
                break;
            case EvictionAnswer.Accepted:
                pod.Accepted = true;
                pod.Blocked = pod.Unanswered = false;
                break;
            case EvictionAnswer.Blocked:
                if (!pod.Blocked)
                    logger.LogInformation("node {Node}: pod {Pod} is kept by a disruption budget; trying until the eviction deadline", pod.Pod.Node, pod.Pod);
                pod.Blocked = true;
                pod.Unanswered = false;
                TryAgain(pod, null);
                break;
        }
    }

    private void Deleted(LeavingPod pod, bool forced)
    {
        pod.Accepted = true;
        pod.Blocked = pod.Unanswered = false;
        if (forced)
            pod.ForcedAt = time.GetUtcNow();
    }

    private void Overdue(LeavingPod pod)
    {
        pod.Unanswered = true;
        Queue(pod);
    }

    private void Failed(LeavingPod pod, ClusterException e)
    {
        pod.Unanswered = e.Fault == ClusterFault.Unavailable;
        var problem = $"could not be evicted: {e.Message}";
        if (e.IsTransient)
        {
            logger.LogDebug("node {Node}: pod {Pod} {Problem}; trying again", pod.Pod.Node, pod.Pod, problem);
            TryAgain(pod, e.RetryAfter);
        }
        else
        {
            pod.Kept = problem;
        }
    }

    private void TryAgain(LeavingPod pod, TimeSpan? after)
    {
        var delay = after ?? pod.Backoff();
        // Not past the deadline: then other rules hold.
        var untilDeadline = deadline - time.GetUtcNow();
        if (untilDeadline > TimeSpan.Zero && delay > untilDeadline)
            delay = untilDeadline;
        pod.Busy = true;
        _ = Task.Delay(delay, time).ContinueWith(
            _ => queue.Writer.TryWrite(() =>
            {
                pod.Busy = false;
                if (leaving.ContainsKey(pod.Pod.Uid))
                    Queue(pod);
            }),
            TaskScheduler.Default);
    }

    // What the deadline asks for, looked at again and again: a pod deleted past its budget has a grace too.
    private void Tick()
    {
        if (!Late)
            return;
        foreach (var pod in leaving.Values)
        {
            if (pod.Kept is not null)
                continue;
            var overdue = (pod.Pod.DeletionTimestamp ?? deadline) + Allowance <= time.GetUtcNow();
            if (pod.Accepted && pod.ForcedAt is null && overdue)
            {
                if (policy.OnStuck == AtDeadline.Delete)
                    Queue(pod);
                else
                    pod.Kept = "has not ended within its grace, and eviction.onStuck is fail";
            }
            else if (pod.ForcedAt + Allowance <= time.GetUtcNow())
            {
                pod.Kept = "is still there though it was deleted without grace (does a finalizer keep it?)";
            }
            else if (pod.Blocked && policy.OnBudget == AtDeadline.Fail)
            {
                pod.Kept = "is kept by its PodDisruptionBudget, and eviction.onBudget is fail";
            }
        }
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
