using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>Writes to every node of a job, each until it is done.</summary>
internal sealed class NodeWrites(ICluster cluster, NodeNames names, TimeProvider time, ILogger logger)
{
    private readonly Retry retry = new(time);

    /// <summary>Writes to all nodes at once: the cluster itself bounds the requests under way.</summary>
    /// <param name="request">The hand-over; told what stands in the way.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="write">The write, as long as Kubernetes has the node.</param>
    /// <param name="over">Ends the tries.</param>
    public Task OnEveryAsync(HandOverRequest request, IEnumerable<JobNode> nodes, Func<ClusterNode, Task> write, CancellationToken over) =>
        Task.WhenAll(nodes.Select(node => OnAsync(request, node.SlurmName, write, over)));

    private async Task OnAsync(HandOverRequest request, string node, Func<ClusterNode, Task> write, CancellationToken over)
    {
        var problems = request.Problems;
        problems.Set(node, "no response yet");
        try
        {
            // A write that has been sent is seen to its end: cancelled on our side only, it could still happen after the
            // job's next hand-over. So its own time limit ends it, and what is over the tries.
            await retry
                .UntilDoneAsync(
                    async _ =>
                    {
                        // A node that was deleted and registered again has a new uid; one that is gone needs nothing.
                        var directory = await cluster.NodesAsync(over).ConfigureAwait(false);
                        if (names.Find(node, directory) is { } current)
                            await write(current).ConfigureAwait(false);
                        return true;
                    },
                    failure =>
                    {
                        problems.Set(node, failure.Message);
                        logger.NodeRetried(request.Job.Number, node, failure.Message);
                    },
                    over
                )
                .ConfigureAwait(false);
            problems.Clear(node);
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
        {
            problems.Clear(node);
            logger.NodeGone(request.Job.Number, node);
        }
        catch (ClusterException e)
        {
            problems.Set(node, e.Message);
        }
    }
}
