using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Draining;

/// <summary>What is on some nodes, and what changes there: a list, then a watch, then a list again whenever the watch ends.</summary>
internal sealed class PodInformer(ICluster cluster, IReadOnlyCollection<ClusterNode> nodes, TimeProvider time, ILogger logger)
{
    // A server that ends every watch at once must not be asked without a pause.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    // Where too much is watched already, pods are listed now and then. There may be thousands who do.
    private readonly Backoff afterThrottling = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    // Of a job's hundred watches the first that cannot be opened ends all, and all are asked for again.
    private readonly Backoff afterFailure = new(Pause, TimeSpan.FromSeconds(5));

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
    public async Task FollowAsync(PodList from, Action<PodChange> changed, Action<PodList> relisted, CancellationToken cancellationToken)
    {
        var list = from;
        while (true)
        {
            var pause = Pause;
            try
            {
                await foreach (var change in cluster.WatchPodsAsync(nodes, list.ResourceVersion, cancellationToken).ConfigureAwait(false))
                {
                    changed(change);
                    afterFailure.Reset();
                }
                afterThrottling.Reset();
                afterFailure.Reset();
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Throttled)
            {
                logger.PodWatchThrottled(e.Message);
                pause = afterThrottling.Next();
            }
            catch (ClusterException e)
            {
                logger.PodWatchEnded(e.Message);
                afterThrottling.Reset();
                pause = afterFailure.Next();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // A bug of ours must not blind the drain.
                logger.PodInformerBroke(e);
                pause = AfterRefusal;
            }
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            try
            {
                list = await ListAsync(cancellationToken).ConfigureAwait(false);
                relisted(list);
                continue;
            }
            catch (ClusterException e)
            {
                // It was allowed before. A server that has just started does not know its rules yet, and forbids everything.
                logger.PodListRetried(e.Message);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                logger.PodInformerBroke(e);
            }
            await Task.Delay(AfterRefusal, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
