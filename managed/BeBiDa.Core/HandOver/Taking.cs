using System.Collections.Concurrent;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Jobs;
using BeBiDa.Metrics;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>What a decommission does: hold, evict, wait.</summary>
internal sealed class Taking(
    ICluster cluster,
    BebidaConfiguration configuration,
    NodeWrites writes,
    DrainedNodes drainedNodes,
    LateBoundPods lateBoundPods,
    HandOverEvents events,
    Instruments instruments,
    Lingering? lingering,
    TimeProvider time,
    ILogger logger,
    CancellationToken stop
)
{
    // Of what is left of the budget, most: the answer must come within it.
    private const double ForPods = 0.7;
    private const double ForVolumes = 0.9;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(200);

    private readonly VolumeRelease volumes = new(cluster, time, logger);
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);

    /// <summary>Takes the nodes.</summary>
    /// <returns>How many pods left.</returns>
    public async Task<int> RunAsync(HandOverRequest request)
    {
        // A node that is kept for the next job is held already, and empty.
        var needed =
            lingering is null || request.Job.IsRepair || request.MayHaveEnded || MayKeep(request.Job)
                ? request.Nodes
                : [.. request.Nodes.Where(n => !IsRelayed(request, n.Node))];
        if (needed.Count == 0)
            return 0;
        var all = needed.Select(n => n.Node).DistinctBy(n => n.Uid).ToList();
        IEnumerable<ClusterNode> empty = [];
        drainedNodes.Begin(all);
        try
        {
            var began = time.GetTimestamp();
            var since = time.GetUtcNow();
            var (held, drainedBefore) = await HoldAsync(request, needed, since).ConfigureAwait(false);
            if (held.Count == 0)
                return 0;
            var limit = new ReplacementLimit((pod, why) => Remains(request, held, pod, why));
            var drained = await DrainAsync(
                    request,
                    held,
                    new DrainScope(held, drainedBefore, limit),
                    request.Budget - time.GetElapsedTime(began)
                )
                .ConfigureAwait(false);
            await VolumesAsync(request, held.Where(n => drained.WithClaims.Contains(n.Name)), request.Budget - time.GetElapsedTime(began))
                .ConfigureAwait(false);
            var isEmpty = drained.Left.Count == 0;
            if (configuration.Kubernetes.RemoveNode && isEmpty)
                await RemoveAsync(request, held).ConfigureAwait(false);
            foreach (var node in held)
                events.Record(
                    node,
                    request,
                    NodeEvent.Decommissioned,
                    $"{request.JobForPeople} has taken this node; {drained.Evicted.GetValueOrDefault(node.Name)} pods left",
                    since,
                    warning: !isEmpty
                );
            lateBoundPods.Watch(request.Job.Hold, held, limit, request.Turn);
            if (isEmpty)
                empty = held;
            return drained.Evicted.Values.Sum();
        }
        finally
        {
            drainedNodes.End(all, empty);
        }
    }

    private bool IsRelayed(HandOverRequest request, ClusterNode node)
    {
        if (!lingering!.TryRelay(request.Job.Hold, node))
            return false;
        drainedNodes.Add(node);
        return true;
    }

    // Where a job has no hold anywhere, the reconciler takes it for one that was granted its wish to keep its nodes.
    private bool MayKeep(Job job) => policy.MayKeep(job.User, job.Account, job.Partition);

    private async Task<(IReadOnlyCollection<ClusterNode> Held, IReadOnlySet<string> DrainedBefore)> HoldAsync(
        HandOverRequest request,
        IReadOnlyList<JobNode> nodes,
        DateTimeOffset since
    )
    {
        var held = new ConcurrentBag<ClusterNode>();
        var drainedBefore = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var hold = request.Job.Hold;
        await writes
            .OnEveryAsync(
                request,
                nodes,
                async node =>
                {
                    var holds = await cluster.HoldAsync(node, hold, since, stop, request.Turn.Over).ConfigureAwait(false);
                    lingering?.Owns(hold, node);
                    if (drainedNodes.StillCounts(node, holds.Any(h => h.Key.IsJob && h.Key != hold)))
                        drainedBefore[node.Name] = true;
                    held.Add(node);
                    request.Report(held.Count);
                },
                request.Turn.Over
            )
            .ConfigureAwait(false);
        return (held, drainedBefore.Keys.ToHashSet(StringComparer.Ordinal));
    }

    private async Task<DrainResult> DrainAsync(
        HandOverRequest request,
        IReadOnlyCollection<ClusterNode> held,
        DrainScope scope,
        TimeSpan left
    )
    {
        // The budget counts for as long as there is one: after it, the job runs and its pods still have to go.
        var patience = left > TimeSpan.Zero && left < configuration.Eviction.Deadline ? left * ForPods : configuration.Eviction.Deadline;
        var drain = new Drain(
            cluster,
            scope,
            configuration.Eviction,
            configuration.Kubernetes.MaxInFlight,
            patience,
            time,
            logger,
            instruments
        );
        request.Problems.WaitingFor = "pods are still leaving";
        using var reports = request.IsWatched
            ? time.CreateTimer(_ => request.Report(held.Count, drain.Progress.Left, drain.Progress.Leaving), null, ReportEvery, ReportEvery)
            : null;
        var drained = await drain.RunAsync(request.Turn.Over).ConfigureAwait(false);
        request.Problems.WaitingFor = null;
        foreach (var problem in drained.Left)
            request.Problems.Add(problem);
        foreach (var (pod, why) in drained.Remaining)
            Remains(request, held, pod, why);
        return drained;
    }

    private async Task VolumesAsync(HandOverRequest request, IEnumerable<ClusterNode> nodes, TimeSpan left)
    {
        var limit = left * ForVolumes < configuration.Eviction.VolumeTimeout ? left * ForVolumes : configuration.Eviction.VolumeTimeout;
        if (limit <= TimeSpan.Zero)
            return;
        request.Problems.WaitingFor = "volumes are still being unmounted";
        await Task.WhenAll(nodes.Select(node => volumes.WaitAsync(request.Job.Number, node, limit, request.Turn.Over)))
            .ConfigureAwait(false);
        request.Problems.WaitingFor = null;
    }

    // Told once for each owner and node: the job does not wait for such a pod, and the node's own prolog ends it.
    private void Remains(HandOverRequest request, IEnumerable<ClusterNode> held, Pod pod, string why)
    {
        var owner = pod.Controller.Length > 0 ? $" of {pod.Controller}" : "";
        logger.PodRemains(request.Job.Number, pod.Node, pod, owner, why);
        instruments.PodRemains();
        if (held.FirstOrDefault(node => node.Name == pod.Node) is { } node)
            events.Record(
                node,
                request,
                NodeEvent.PodRemains,
                $"Pod {pod}{owner} {why}. {request.JobForPeople} does not wait for it.",
                warning: true
            );
    }

    // Only drained nodes: one that could not be held, or that registered again meanwhile, still has its pods.
    private Task RemoveAsync(HandOverRequest request, IEnumerable<ClusterNode> held)
    {
        // Two of Slurm's names may lead to one node; and by the time it is removed, one name to another node.
        var drained = held.DistinctBy(node => node.Name).ToDictionary(node => node.Name, StringComparer.Ordinal);
        return writes.OnEveryAsync(
            request,
            request.Nodes.Where(node => drained.ContainsKey(node.Node.Name)),
            async current =>
            {
                if (
                    drained.TryGetValue(current.Name, out var node)
                    && await cluster.RemoveAsync(node, request.Job.Cluster, stop).ConfigureAwait(false) is { } reason
                )
                    logger.NodeStays(request.Job.Number, current.Name, reason);
            },
            request.Turn.Over
        );
    }
}
