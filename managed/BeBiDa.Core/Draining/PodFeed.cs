using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Draining;

/// <summary>What is on some nodes, and what changes there: a list, then a watch, then a list again whenever the watch ends.</summary>
internal sealed class PodFeed(ICluster cluster, IReadOnlyCollection<ClusterNode> nodes, TimeProvider time, ILogger logger)
{
    // A server that ends every watch at once must not be asked without a pause.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(1);

    private readonly Retry retry = new(time);

    /// <summary>The pods on the nodes now; tried until the server answers.</summary>
    /// <exception cref="ClusterException">Another try cannot help.</exception>
    public Task<PodList> ListAsync(CancellationToken cancellationToken) =>
        retry.UntilDoneAsync(
            token => cluster.ListPodsAsync(nodes, token),
            problem => logger.LogDebug("listing pods failed, trying again: {Cause}", problem.Message),
            cancellationToken);

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
            try
            {
                await foreach (var change in cluster.WatchPodsAsync(nodes, list.ResourceVersion, cancellationToken).ConfigureAwait(false))
                    changed(change);
            }
            catch (ClusterException e)
            {
                logger.LogDebug("watch of pods ended, listing them again: {Cause}", e.Message);
            }
            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            try
            {
                list = await ListAsync(cancellationToken).ConfigureAwait(false);
                relisted(list);
            }
            catch (ClusterException e)
            {
                // It was allowed before. A server that has just started does not know its rules yet, and forbids everything.
                logger.LogDebug("listing pods was refused, trying again: {Cause}", e.Message);
                await Task.Delay(AfterRefusal, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
