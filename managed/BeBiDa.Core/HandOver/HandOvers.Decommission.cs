using System.Collections.Concurrent;
using BeBiDa.Cluster;
using BeBiDa.Draining;
using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <content>What a decommission does: hold, evict, wait.</content>
public sealed partial class HandOvers
{
    private async Task<int> TakeAsync(
        Job job,
        IReadOnlyList<JobNode> nodes,
        TimeSpan budget,
        Problems problems,
        IProgress<HandOverProgress>? progress,
        Turn turn
    )
    {
        var began = time.GetTimestamp();
        var since = time.GetUtcNow();
        var held = new ConcurrentBag<ClusterNode>();
        var drainedBefore = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var all = nodes.Select(n => n.Node).DistinctBy(n => n.Uid).ToList();
        IEnumerable<ClusterNode> empty = [];
        drainedNodes.Begin(all);
        try
        {
            await OnEveryAsync(
                    job,
                    nodes,
                    problems,
                    turn.Over,
                    async node =>
                    {
                        var holds = await cluster.HoldAsync(node, job.Hold, since, stop.Token, turn.Over).ConfigureAwait(false);
                        if (drainedNodes.StillCounts(node, holds.Any(h => h.Key != job.Hold)))
                            drainedBefore[node.Name] = true;
                        held.Add(node);
                        progress?.Report(new HandOverProgress(nodes.Count, held.Count, 0, 0));
                        return true;
                    }
                )
                .ConfigureAwait(false);
            if (held.IsEmpty)
                return 0;

            // What is left of the budget counts, for as long as there is one: after it, the job runs and its pods still have to go.
            var left = budget - time.GetElapsedTime(began);
            var patience = left > TimeSpan.Zero && left < configuration.Eviction.Deadline ? left * 0.7 : configuration.Eviction.Deadline;
            var limit = new ReplacementLimit((pod, why) => Remains(job, held, pod, why));
            var drain = new Drain(
                cluster,
                new DrainScope(held, drainedBefore.Keys.ToHashSet(StringComparer.Ordinal), limit),
                configuration.Eviction,
                configuration.Kubernetes.MaxInFlight,
                patience,
                time,
                logger,
                instruments
            );
            problems.Set(Pods, "pods are still leaving");
            DrainResult drained;
            using (
                progress is null
                    ? null
                    : time.CreateTimer(
                        _ => progress.Report(new HandOverProgress(nodes.Count, held.Count, drain.Progress.Left, drain.Progress.Leaving)),
                        null,
                        TimeSpan.FromMilliseconds(200),
                        TimeSpan.FromMilliseconds(200)
                    )
            )
                drained = await drain.RunAsync(turn.Over).ConfigureAwait(false);
            problems.Clear(Pods);
            foreach (var line in drained.Left)
                problems.Set(line, line);
            foreach (var (pod, why) in drained.Remaining)
                Remains(job, held, pod, why);
            problems.Set(Pods, "volumes are still being unmounted");
            await VolumesAsync(job, held.Where(n => drained.WithClaims.Contains(n.Name)), budget - time.GetElapsedTime(began), turn.Over)
                .ConfigureAwait(false);
            problems.Clear(Pods);
            if (configuration.Kubernetes.RemoveNode && drained.Left.Count == 0)
                await RemoveAsync(job, nodes, held, problems, turn).ConfigureAwait(false);

            foreach (var node in held)
                Record(
                    node,
                    job,
                    NodeEvent.Decommissioned,
                    since,
                    $"{job.Manager} job {Describe(job)} has taken this node; {drained.Evicted.GetValueOrDefault(node.Name)} pods left",
                    drained.Left.Count > 0
                );
            lateBoundPods.Watch(job.Hold, held, limit, turn);
            if (drained.Left.Count == 0)
                empty = held;
            return drained.Evicted.Values.Sum();
        }
        finally
        {
            drainedNodes.End(all, empty);
        }
    }

    // Of what is left of the budget, most: the answer must come within it.
    private Task VolumesAsync(Job job, IEnumerable<ClusterNode> nodes, TimeSpan left, CancellationToken cancellationToken)
    {
        var limit = left * 0.9 < configuration.Eviction.VolumeTimeout ? left * 0.9 : configuration.Eviction.VolumeTimeout;
        return limit <= TimeSpan.Zero
            ? Task.CompletedTask
            : Task.WhenAll(nodes.Select(node => volumes.WaitAsync(job.Number, node, limit, cancellationToken)));
    }

    // Told once for each owner and node: the job does not wait for such a pod, and the node's own prolog ends it.
    private void Remains(Job job, IEnumerable<ClusterNode> held, Pod pod, string why)
    {
        var owner = pod.Controller.Length > 0 ? $" of {pod.Controller}" : "";
        logger.LogInformation(
            "job {Job}: node {Node}: pod {Pod}{Owner} {Why}: it is left to the node's prolog",
            job.Number,
            pod.Node,
            pod,
            owner,
            why
        );
        instruments.PodRemains();
        if (held.FirstOrDefault(node => node.Name == pod.Node) is { } node)
            Record(
                node,
                job,
                NodeEvent.PodRemains,
                time.GetUtcNow(),
                $"Pod {pod}{owner} {why}. {job.Manager} job {Describe(job)} does not wait for it.",
                warning: true
            );
    }

    // None but those that were drained: one that could not be held, or was registered anew meanwhile, has its pods.
    private Task RemoveAsync(Job job, IReadOnlyList<JobNode> nodes, IEnumerable<ClusterNode> held, Problems problems, Turn turn)
    {
        // Two of Slurm's names may lead to one node; and by the time it is removed, one name to another node.
        var drained = held.DistinctBy(node => node.Name).ToDictionary(node => node.Name, StringComparer.Ordinal);
        return OnEveryAsync(
            job,
            [.. nodes.Where(node => drained.ContainsKey(node.Node.Name))],
            problems,
            turn.Over,
            async current =>
            {
                if (
                    drained.TryGetValue(current.Name, out var node)
                    && await cluster.RemoveAsync(node, job.Cluster, stop.Token).ConfigureAwait(false) is { } reason
                )
                    logger.LogInformation("job {Job}: node {Node} stays in Kubernetes: {Reason}", job.Number, current.Name, reason);
                return true;
            }
        );
    }
}
