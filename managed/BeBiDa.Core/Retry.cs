using BeBiDa.Cluster;

namespace BeBiDa;

/// <summary>Does work on the cluster again, with backoff, while another try can help.</summary>
/// <remarks>
/// What is refused is tried a few times within two seconds: a webhook may be starting. For longer, a job would wait in vain for
/// one that means it, and the reconciler tries again. A missing right is not granted by asking; but a server that has just
/// started knows no rights yet, so it is asked twice.
/// </remarks>
internal sealed class Retry(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private const int MostRefusals = 5;
    private static readonly TimeSpan BeforeARightCountsAsMissing = TimeSpan.FromSeconds(1);

    /// <summary>Tries until it is done.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="failed">Told of every failed try that is followed by another.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    /// <exception cref="ClusterException">Another try cannot help.</exception>
    /// <exception cref="OperationCanceledException">The tries were ended, also where the last one failed meanwhile.</exception>
    public async Task<T> UntilDoneAsync<T>(
        Func<CancellationToken, Task<T>> work,
        Action<ClusterException> failed,
        CancellationToken cancellationToken
    )
    {
        var pauses = new Backoff(First, Longest);
        var wasForbidden = false;
        for (var refusals = 0; ; )
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan pause;
            try
            {
                return await work(cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException e) when (e.Fault != ClusterFault.NotFound)
            {
                // Nobody wants it any more: that ends it, and not the failure.
                cancellationToken.ThrowIfCancellationRequested();
                refusals = e.Fault == ClusterFault.Refused ? refusals + 1 : 0;
                if (refusals > MostRefusals || (wasForbidden && e.Fault == ClusterFault.Forbidden))
                    throw;
                wasForbidden = e.Fault == ClusterFault.Forbidden;
                pause = wasForbidden ? BeforeARightCountsAsMissing : e.RetryAfter ?? pauses.Next();
                failed(e);
            }
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
