using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>Whether a job's nodes are handed over at all, and which of them.</summary>
internal sealed class Admission(ICluster cluster, BebidaConfiguration configuration, NodeNames names, TimeProvider time, ILogger logger)
{
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);

    /// <summary>Says why a job is left alone, or finds its nodes in Kubernetes; waits until Kubernetes has listed them.</summary>
    /// <returns>Whether there is something to hand over.</returns>
    public async Task<bool> AdmitAsync(HandOverRequest request)
    {
        var job = request.Job;
        var (reason, refusal) = policy.Judge(job);
        if (reason is not null)
        {
            logger.LeftAlone(job.Number, reason);
            return false;
        }
        if (request.IsDecommission && refusal is not null)
            logger.WishRefused(job.Number, refusal);
        request.Problems.WaitingFor = "Kubernetes has not listed its nodes yet (is the API server reachable?)";
        // A job that runs waits as long as it takes. But any number of jobs may end before Kubernetes is there: of those, the
        // reconciler will know.
        using var limit = new CancellationTokenSource(
            request.IsDecommission ? Timeout.InfiniteTimeSpan : request.Budget + configuration.Controller.Deadline,
            time
        );
        using var over = CancellationTokenSource.CreateLinkedTokenSource(request.Turn.Over, limit.Token);
        var directory = await cluster.NodesAsync(over.Token).ConfigureAwait(false);
        request.Problems.WaitingFor = null;
        var nodes = new List<JobNode>();
        foreach (var name in job.Nodes)
            if (!policy.Counts(name))
                logger.NodeNotLent(job.Number, name);
            else if (names.Find(name, directory) is { } node)
                nodes.Add(new JobNode(name, node));
            else
                logger.NodeUnknown(job.Number, name);
        request.Nodes = nodes;
        if (nodes.Count == 0)
            logger.NothingToHandOver(job.Number);
        return nodes.Count > 0;
    }
}
