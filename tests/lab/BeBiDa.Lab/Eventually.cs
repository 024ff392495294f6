namespace BeBiDa.Lab;

/// <summary>Waits for what cannot be subscribed to.</summary>
public static class Eventually
{
    /// <summary>How long anything may take before it counts as failed. What is waited for ends the wait, so only a failure takes so long; no busy host must look like one.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // A question is often a process, or one in a container; whatever takes long is asked about less often.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns once the condition holds; throws a <see cref="TimeoutException"/> that says what did not come true.</summary>
    public static async Task HoldsAsync(
        string what,
        TimeSpan patience,
        Func<CancellationToken, Task<bool>> condition,
        CancellationToken cancellationToken = default,
        Func<string>? explain = null
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            for (var pause = FirstPause; !await condition(limit.Token); pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause)
                await Task.Delay(pause, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"After {patience.TotalSeconds:0} s not yet: {what}. {explain?.Invoke()}".TrimEnd());
        }
    }
}
