using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>Waits until the volumes of pods that have left can be attached to other nodes.</summary>
/// <remarks>
/// Kubernetes' controller detaches a volume once kubelet has reported it as unmounted (Node <c>status.volumesInUse</c>), which
/// kubelet does every ten seconds (<c>nodeStatusUpdateFrequency</c>). Of a kubelet that is stopped before, it believes
/// for six minutes that the volume is mounted (<c>maxWaitForUnmountDuration</c>), and the pod's replacement waits as long.
/// </remarks>
internal sealed class VolumeRelease(ICluster cluster, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits for a node's volumes.</summary>
    /// <param name="job">The job, for the log.</param>
    /// <param name="node">The node.</param>
    /// <param name="limit">How long at most, requests included.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task WaitAsync(string job, ClusterNode node, TimeSpan limit, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> volumes = [];
        using var end = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cancellationToken);
        try
        {
            while ((volumes = await cluster.VolumesInUseAsync(node, either.Token).ConfigureAwait(false)).Count > 0)
                await Task.Delay(Pause, time, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            logger.VolumesInUse(job, node.Name, volumes.Count, Duration.Format(limit), string.Join(", ", volumes.Take(5)));
        }
        catch (ClusterException e)
        {
            logger.VolumesUnknown(job, node.Name, e.Message);
        }
    }
}
