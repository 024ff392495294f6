using System.Runtime.CompilerServices;
using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Draining;

/// <summary>What is on some nodes, and what changes there: a list, then a watch, then a list again whenever the watch ends.</summary>
internal sealed class PodInformer(ICluster cluster, IReadOnlyCollection<ClusterNode> nodes, TimeProvider time, ILogger logger)
{
    private readonly Retry retry = new(time);

    /// <summary>The pods on the nodes now; tried until the server answers.</summary>
    /// <exception cref="ClusterException">Another try cannot help.</exception>
    public Task<PodList> ListAsync(CancellationToken cancellationToken) =>
        retry.UntilDoneAsync(
            token => cluster.ListPodsAsync(nodes, token),
            problem => logger.PodListRetried(problem.Message),
            cancellationToken
        );

    /// <summary>Tells what changes after a list, until it is cancelled.</summary>
    /// <param name="from">The list.</param>
    /// <param name="changed">Told of one change.</param>
    /// <param name="relisted">Told of all pods, when changes may have been missed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task FollowAsync(PodList from, Action<PodChange> changed, Action<PodList> relisted, CancellationToken cancellationToken)
    {
        return new ListWatch(RelistAsync, WatchAsync, Failed, resumes: false, time).RunAsync(from.ResourceVersion, cancellationToken);

        async Task<string> RelistAsync(CancellationToken token)
        {
            var list = await ListAsync(token).ConfigureAwait(false);
            relisted(list);
            return list.ResourceVersion;
        }

        async IAsyncEnumerable<string> WatchAsync(string resourceVersion, [EnumeratorCancellation] CancellationToken token)
        {
            await foreach (var change in cluster.WatchPodsAsync(nodes, resourceVersion, token).ConfigureAwait(false))
            {
                changed(change);
                yield return resourceVersion;
            }
        }
    }

    private void Failed(Exception e)
    {
        switch (e)
        {
            case ClusterException { Fault: ClusterFault.Throttled }:
                logger.PodWatchThrottled(e.Message);
                break;
            // A list was allowed before; but a server that has just started does not know its rules yet, and forbids everything.
            case ClusterException:
                logger.PodWatchEnded(e.Message);
                break;
            default:
                logger.PodInformerBroke(e);
                break;
        }
    }
}
