using BeBiDa.Cluster;
using BeBiDa.Jobs;

namespace BeBiDa.HandOver;

/// <content>What a recommission does: wait until the job has left a node, and release it.</content>
public sealed partial class HandOvers
{
    // Each node as soon as the job has left it: one whose epilog hangs keeps no other. A job whose processes are still being
    // ended must not meet pods.
    private async Task<int> GiveBackAsync(
        Job job,
        IReadOnlyList<JobNode> nodes,
        TimeSpan budget,
        Problems problems,
        IProgress<HandOverProgress>? progress,
        Turn turn
    )
    {
        var began = time.GetUtcNow();
        var occupied = nodes.ToList();
        var releases = new List<Task>();
        var done = 0;
        // Counted from when the job has left its last node: until then the reconciler leaves all of them to this.
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(turn.Over, limit.Token);
        try
        {
            for (var pauses = new Backoff(FirstLook, LongestLook); ; )
            {
                problems.Set(Leaving, $"the job is still on {Few([.. occupied.Select(n => n.SlurmName)])}");
                var still = (await presence.OccupiedNodesAsync(job, turn.Over).ConfigureAwait(false)).ToHashSet(StringComparer.Ordinal);
                // Two of Slurm's names may lead to one node.
                var stillHeld = occupied.Where(n => still.Contains(n.SlurmName)).Select(n => n.Node.Name).ToHashSet(StringComparer.Ordinal);
                var left = occupied.Where(n => !stillHeld.Contains(n.Node.Name)).ToList();
                if (left.Count > 0)
                {
                    occupied.RemoveAll(left.Contains);
                    releases.Add(ReleaseAsync(left));
                }
                if (occupied.Count == 0)
                    break;
                await pauses.WaitAsync(time, turn.Over).ConfigureAwait(false);
            }
            problems.Clear(Leaving);
        }
        finally
        {
            limit.CancelAfter(budget + configuration.Controller.Deadline);
            await Task.WhenAll(releases).ConfigureAwait(false);
        }
        return 0;

        async Task ReleaseAsync(IReadOnlyList<JobNode> left)
        {
            await OnEveryAsync(
                    job,
                    left,
                    problems,
                    over.Token,
                    async node =>
                    {
                        var others = await cluster.ReleaseAsync(node, job.Hold, stop.Token, over.Token).ConfigureAwait(false);
                        if (others.Count == 0)
                            drainedNodes.Forget(node);
                        progress?.Report(new HandOverProgress(nodes.Count, Interlocked.Increment(ref done), 0, 0));
                        Record(
                            node,
                            job,
                            NodeEvent.Recommissioned,
                            began,
                            $"{job.Manager} job {Describe(job)} has given this node back"
                                + (others.Count == 0 ? "" : $"; still held by {Few([.. others.Select(h => $"job {h.Key.Job}")])}"),
                            warning: false
                        );
                        return true;
                    }
                )
                .ConfigureAwait(false);
        }
    }
}
