using BeBiDa.Cluster;
using BeBiDa.Holds;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>The requests that end a pod.</summary>
internal sealed class PodTermination(ApiClient client, NeededRights rights, TimeProvider time, ILogger logger)
{
    private const string StrategicMerge = "application/strategic-merge-patch+json";

    // The job waits meanwhile, and the condition is only a courtesy.
    private static readonly TimeSpan LongestMark = TimeSpan.FromSeconds(2);

    // An admin may grant the right later.
    private static readonly TimeSpan ForgetMissingRight = TimeSpan.FromMinutes(10);

    private long mayNotMarkSince;

    /// <inheritdoc cref="ICluster.EvictAsync"/>
    public Task EvictAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken)
    {
        var eviction = new EvictionObject("policy/v1", "Eviction", new ObjectName(pod.Name, pod.Namespace), Options(pod, gracePeriod));
        return rights.NeedAsync(
            new ResourceAttributes(pod.Namespace, "create", "pods", "eviction"),
            async () =>
            {
                await client
                    .EvictAsync($"{PathOf(pod)}/eviction", ApiClient.Body(eviction, ApiJson.Default.EvictionObject), cancellationToken)
                    .ConfigureAwait(false);
                return (StatusObject?)null;
            },
            cancellationToken
        );
    }

    /// <inheritdoc cref="ICluster.DeleteAsync"/>
    public Task DeleteAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken) =>
        rights.NeedAsync(
            new ResourceAttributes(pod.Namespace, "delete", "pods", null),
            () =>
                client.SendAsync<StatusObject>(
                    HttpMethod.Delete,
                    PathOf(pod),
                    ApiClient.Body(Options(pod, gracePeriod), ApiJson.Default.DeleteOptions),
                    ApiClient.Metadata,
                    null,
                    cancellationToken
                ),
            cancellationToken
        );

    /// <inheritdoc cref="ICluster.MarkDisruptedAsync"/>
    /// <remarks>
    /// The condition by which a Job's <c>podFailurePolicy</c> tells a disruption from a failure
    /// (kubernetes.io/docs/concepts/workloads/pods/disruptions, "Pod disruption conditions").
    /// </remarks>
    public async Task MarkDisruptedAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (Interlocked.Read(ref mayNotMarkSince) is var since and not 0 && time.GetElapsedTime(since) < ForgetMissingRight)
            return;
        var condition = new PodCondition(
            "DisruptionTarget",
            "True",
            "DeletionByBeBiDa",
            "BeBiDa: deleting due to a Slurm job",
            Hold.FormatTime(time.GetUtcNow())
        );
        using var limit = new CancellationTokenSource(LongestMark, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await client
                .SendAsync<StatusObject>(
                    HttpMethod.Patch,
                    $"{PathOf(pod)}/status?fieldManager=bebida",
                    ApiClient.Body(
                        new PodStatusPatch(new ObjectUid(pod.Uid), new PodConditions([condition])),
                        ApiJson.Default.PodStatusPatch,
                        StrategicMerge
                    ),
                    ApiClient.Metadata,
                    null,
                    either.Token
                )
                .ConfigureAwait(false);
        }
        catch (ClusterException e)
        {
            if (e.Fault == ClusterFault.Forbidden)
                Interlocked.Exchange(ref mayNotMarkSince, time.GetTimestamp());
            logger.NotMarkedDisrupted(pod.Node, pod.ToString(), e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            logger.NotMarkedDisrupted(pod.Node, pod.ToString(), $"no answer within {Duration.Format(LongestMark)}");
        }
    }

    private static DeleteOptions Options(Pod pod, TimeSpan? gracePeriod) =>
        new(
            "v1",
            "DeleteOptions",
            gracePeriod is { } grace ? (long)Math.Ceiling(grace.TotalSeconds) : null,
            new Preconditions(pod.Uid, null)
        );

    private static string PathOf(Pod pod) => $"api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}";
}
