using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Standing;

namespace BeBiDa.HandOver;

/// <summary>What a recommission does: wait until the job has left a node, and release it.</summary>
/// <remarks>
/// Each node as soon as the job has left it: one whose epilog hangs keeps no other. A job whose processes are still being
/// ended must not meet pods.
/// </remarks>
internal sealed class GivingBack(
    ICluster cluster,
    BebidaConfiguration configuration,
    IJobPresence presence,
    JobSequencer sequencer,
    NodeWrites writes,
    DrainedNodes drainedNodes,
    LateBoundPods lateBoundPods,
    HandOverEvents events,
    Returning? returning,
    Lingering? lingering,
    TimeProvider time,
    CancellationToken stop
)
{
    // An annotation is soon written by anyone who may write the node.
    private const int MostShown = 20;

    // A job without stubborn processes has left its nodes some tens of milliseconds after its epilog hook.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1);

    /// <summary>Releases every node that the job has left, until it has left all.</summary>
    public async Task RunAsync(HandOverRequest request)
    {
        var began = time.GetUtcNow();
        // Now: once the job has left a node, its kubelet may start any moment.
        var kubelets = returning?.ReadAsync(
            request.Nodes.Select(n => n.Node).Where(node => !(lingering?.WillKeep(node) ?? false)),
            request.Turn.Over
        );
        var occupied = request.Nodes.ToList();
        var releases = new List<Task>();
        var done = 0;
        // Counted from when the job has left its last node: until then the reconciler leaves all of them to this.
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(request.Turn.Over, limit.Token);
        try
        {
            for (var pauses = new Backoff(FirstLook, LongestLook); ; )
            {
                request.Problems.WaitingFor = $"the job is still on {Few(occupied.Select(n => n.SlurmName))}";
                var left = await LeftAsync(request, occupied).ConfigureAwait(false);
                occupied.RemoveAll(left.Contains);
                releases.Add(writes.OnEveryAsync(request, left, ReleaseAsync, over.Token));
                if (occupied.Count == 0)
                    break;
                await pauses.WaitAsync(time, request.Turn.Over).ConfigureAwait(false);
            }
            request.Problems.WaitingFor = null;
        }
        finally
        {
            limit.CancelAfter(request.Budget + configuration.Controller.Deadline);
            await Task.WhenAll(releases).ConfigureAwait(false);
            if (kubelets is not null)
                await kubelets.ConfigureAwait(false);
        }

        async Task ReleaseAsync(ClusterNode node)
        {
            // Requeued, it may run there over an outage that kept both from Kubernetes: the hold stays as its own.
            if (request.Nodes.Any(n => n.Node.Name == node.Name && sequencer.IsTakenAgain(request.Job.Hold, request.Turn, n.SlurmName)))
                return;
            if (lingering?.TryLeave(request.Job.Hold, node, kubelets) == true)
            {
                request.Report(Interlocked.Increment(ref done));
                return;
            }
            // Before the job's hold goes: in between, the node would be schedulable.
            var lingers =
                lingering is not null
                && drainedNodes.Contains(node)
                && await lingering.KeepAsync(node, request.Job.Hold, stop, over.Token).ConfigureAwait(false);
            if (!lingers)
                lateBoundPods.Forget(request.Job.Hold);
            var returns = returning is not null && !lingers;
            if (returns)
                await returning!
                    .HoldAsync(
                        node,
                        request.Job.Cluster,
                        (await kubelets!.ConfigureAwait(false)).GetValueOrDefault(node.Uid),
                        stop,
                        over.Token
                    )
                    .ConfigureAwait(false);
            var others = await cluster.ReleaseAsync(node, request.Job.Hold, stop, over.Token).ConfigureAwait(false);
            lingering?.Left(node, returns);
            if (!lingers && !others.Any(h => h.Key.IsJob))
                drainedNodes.Forget(node);
            request.Report(Interlocked.Increment(ref done));
            var holders = others.Count == 0 ? "" : $"; still held by {Few(others.Select(h => h.Key.ForPeople))}";
            events.Record(node, request, NodeEvent.Recommissioned, $"{request.JobForPeople} has given this node back{holders}", began);
        }
    }

    // Two of Slurm's names may lead to one node: it is left when the job has left both.
    private async Task<IReadOnlyList<JobNode>> LeftAsync(HandOverRequest request, IReadOnlyList<JobNode> occupied)
    {
        var still = (await presence.OccupiedNodesAsync(request.Job, request.Turn.Over).ConfigureAwait(false)).ToHashSet(
            StringComparer.Ordinal
        );
        var kept = occupied.Where(n => still.Contains(n.SlurmName)).Select(n => n.Node.Name).ToHashSet(StringComparer.Ordinal);
        return [.. occupied.Where(n => !kept.Contains(n.Node.Name))];
    }

    private static string Few(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(MostShown)) + (all.Count > MostShown ? $" and {all.Count - MostShown} more" : "");
    }
}
