namespace BeBiDa.Cluster;

/// <summary>The loop of every informer: list, watch from there, and when the watch ends, resume it or list again.</summary>
/// <param name="list">Lists, and tells of all objects; returns the resourceVersion to watch from.</param>
/// <param name="watch">Watches from a resourceVersion, and tells of each change; yields the resourceVersion after it.</param>
/// <param name="failed">Told of each failure; an expired resourceVersion is none.</param>
/// <param name="resumes">Whether a watch that just ended is resumed after the last change; otherwise all is listed again.</param>
/// <param name="time">The clock.</param>
public sealed class ListWatch(
    Func<CancellationToken, Task<string>> list,
    Func<string, CancellationToken, IAsyncEnumerable<string>> watch,
    Action<Exception> failed,
    bool resumes,
    TimeProvider time
)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // A server that ends every watch at once must not be asked without a pause.
    private readonly Backoff afterEnd = new(TimeSpan.FromMilliseconds(100), LongestPause);

    // Thousands of jobs may be throttled at once.
    private readonly Backoff afterThrottling = new(TimeSpan.FromSeconds(1), LongestPause);

    /// <summary>Goes on until it is cancelled. No failure ends it, not even a bug of ours.</summary>
    /// <param name="from">The resourceVersion of a list that was read before; null to begin with a list.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(string? from, CancellationToken cancellationToken)
    {
        while (true)
        {
            var pauses = afterEnd;
            long? opened = null;
            try
            {
                from ??= await list(cancellationToken).ConfigureAwait(false);
                opened = time.GetTimestamp();
                await foreach (var next in watch(from, cancellationToken).ConfigureAwait(false))
                {
                    from = next;
                    Reset();
                }
                if (!resumes)
                    from = null;
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Expired)
            {
                from = null;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed(e);
                from = null;
                if (e is ClusterException { Fault: ClusterFault.Throttled })
                    pauses = afterThrottling;
            }
            if (opened is { } since && time.GetElapsedTime(since) >= LongestPause)
                Reset();
            await pauses.WaitAsync(time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Reset()
    {
        afterEnd.Reset();
        afterThrottling.Reset();
    }
}
