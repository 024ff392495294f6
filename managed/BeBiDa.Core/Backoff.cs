namespace BeBiDa;

/// <summary>The pauses between tries: each twice as long as the one before, capped, and jittered.</summary>
/// <remarks>
/// Jitter takes away up to half of a pause and adds nothing: what failed together must not come back together, and no pause
/// is longer than the cap.
/// </remarks>
/// <param name="first">The first pause.</param>
/// <param name="longest">The cap.</param>
public sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private TimeSpan? before;

    /// <summary>The next pause.</summary>
    public TimeSpan Next()
    {
        var pause = before * 2 ?? first;
        before = pause < longest ? pause : longest;
        return before.Value * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    /// <summary>Waits for the next pause.</summary>
    public Task WaitAsync(TimeProvider time, CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);

    /// <summary>A try has succeeded: begins anew with the first pause.</summary>
    public void Reset() => before = null;
}
