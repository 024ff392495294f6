using BeBiDa.Cluster;
using BeBiDa.Configuration;

namespace BeBiDa.Draining;

/// <content>What is asked about each pod, what the answers mean, and what the deadline asks for.</content>
internal sealed partial class Drain
{
    // Runs outside of the loop; touches the pod's state only by what it queues.
    private async Task RequestAsync(TerminatingPod pod, CancellationToken cancellationToken, CancellationToken patience)
    {
        var late = Late;
        var node = pod.Pod.Node;
        var isAnswered = true;
        Action answer;
        try
        {
            if (late && Deletion(pod) is { } deletion)
            {
                Say(pod, deletion.Why, deletion.IsForced);
                if (!deletion.IsForced)
                    await cluster.MarkDisruptedAsync(pod.Pod, cancellationToken).ConfigureAwait(false);
                await cluster
                    .DeleteAsync(pod.Pod, deletion.IsForced ? TimeSpan.Zero : DrainRules.Grace(pod.Pod, policy), cancellationToken)
                    .ConfigureAwait(false);
                answer = () => pod.Accept(deletion.IsForced ? new PodState.Forced(time.GetUtcNow()) : new PodState.Terminating());
            }
            else
            {
                await cluster
                    .EvictAsync(pod.Pod, DrainRules.Grace(pod.Pod, policy), late ? cancellationToken : patience)
                    .ConfigureAwait(false);
                answer = () => pod.Accept(new PodState.Terminating());
            }
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
            // A bug of ours must keep neither the pod nor the room of its node busy for ever.
            logger.EvictionBroke(e, node, pod.Pod);
            isAnswered = false;
            answer = () => Failed(pod, new ClusterException(ClusterFault.Unavailable, $"unexpected internal error: {e.Message}", null, e));
        }
        queue.Writer.TryWrite(() =>
        {
            limiter.End(node, isAnswered);
            pod.IsBusy = false;
            answer();
        });
    }

    // Why, at the deadline, a pod is deleted and no longer evicted; null when it is not.
    private (string Why, bool IsForced)? Deletion(TerminatingPod pod)
    {
        if (pod.State is PodState.Terminating)
            return ("has not ended within its grace", true);
        if (pod.Refusal is not { Fault: not ClusterFault.Forbidden } refusal || policy.OnBudget != AtDeadline.Delete)
            return null;
        return (
            refusal.Fault == ClusterFault.Blocked
                ? "is still kept by a disruption budget"
                : $"was not evicted before the deadline: {refusal.Message}",
            false
        );
    }

    // Before it is asked: the watch may tell that the pod is gone, and the drain end, before the answer comes.
    private void Say(TerminatingPod pod, string why, bool isForced)
    {
        if (pod.LoggedDeletion == isForced)
            return;
        pod.LoggedDeletion = isForced;
        logger.PodDeleted(pod.Pod.Node, pod.Pod, why, isForced ? " without grace" : "");
        instruments?.PodDeleted(isForced ? "stuck" : EvictionTable.Of(pod.Refusal!.Fault).Metric);
    }

    // An earlier refusal says more than that the last try was cut short by the deadline.
    private void Overdue(TerminatingPod pod)
    {
        pod.Refuse(pod.Refusal ?? NoAnswer());
        Queue(pod);
    }

    private static ClusterException NoAnswer() => new(ClusterFault.Unavailable, "no response from the API server");

    private void Failed(TerminatingPod pod, ClusterException e)
    {
        switch (EvictionTable.Of(e.Fault).Next)
        {
            case NextStep.Gone:
                Gone(pod);
                break;
            case NextStep.Fail when pod.Refusal?.Fault == e.Fault:
                pod.Remain($"could not be evicted: {e.Message}", isFailure: true);
                break;
            case NextStep.Fail:
                pod.Refuse(e);
                TryAgain(pod, BeforeARightCountsAsMissing);
                break;
            default:
                if (pod.Refusal is null && e.Fault != ClusterFault.Unavailable)
                    logger.EvictionRefused(pod.Pod.Node, pod.Pod, e.Message);
                else
                    logger.EvictionRetried(pod.Pod.Node, pod.Pod, e.Message);
                pod.Refuse(e);
                // A budget that asks for ten seconds may have room in one.
                TryAgain(pod, e.Fault == ClusterFault.Blocked ? null : e.RetryAfter);
                break;
        }
    }

    // What the deadline asks for, looked at again and again: a pod deleted past its budget has a grace too.
    private void Tick()
    {
        if (!Late)
            return;
        foreach (var pod in leaving.Values)
            switch (pod.State)
            {
                case PodState.Terminating when (pod.Pod.DeletionTimestamp ?? deadline) + Allowance <= time.GetUtcNow():
                    Stuck(pod);
                    break;
                case PodState.Forced forced when forced.At + Allowance <= time.GetUtcNow():
                    pod.Remain("is still there though it was deleted without grace (does a finalizer keep it?)", isFailure: true);
                    break;
                case PodState.Running when pod.Refusal is { } refusal && policy.OnBudget == AtDeadline.Fail:
                    pod.Remain(
                        refusal.Fault == ClusterFault.Blocked
                            ? "is kept by its PodDisruptionBudget, and eviction.onBudget is fail"
                            : $"could not be evicted before the deadline, and eviction.onBudget is fail: {refusal.Message}",
                        isFailure: true
                    );
                    break;
            }
    }

    // Deleted without grace, it is gone from the API while its processes may run on: containers outlive a dead kubelet.
    // A second one of the same identity would start beside it.
    private void Stuck(TerminatingPod pod)
    {
        switch (pod.Pod.HasIdentity ? policy.OnStuckStateful : policy.OnStuck)
        {
            case AtDeadline.Delete:
                Queue(pod);
                break;
            case AtDeadline.Leave:
                pod.Remain("has not ended within its grace (eviction.onStuckStateful is leave)", isFailure: false);
                break;
            default:
                pod.Remain(
                    $"has not ended within its grace, and eviction.{(pod.Pod.HasIdentity ? "onStuckStateful" : "onStuck")} is fail",
                    isFailure: true
                );
                break;
        }
    }
}
