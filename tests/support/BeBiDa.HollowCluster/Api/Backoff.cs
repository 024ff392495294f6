namespace BeBiDa.Hollow.Api;

/// <summary>Waiting times that double with each failure, with a random share so that many clients spread out.</summary>
internal static class Backoff
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    public static TimeSpan After(int failures, Exception? cause = null)
    {
        if (cause is ApiException { RetryAfter: { } asked })
            return asked + s_first * Random.Shared.NextDouble();

        // The view that a conflicting write was made from is old; the watch brings the new one within moments.
        var exponent = Math.Min(Math.Max(failures - 1, 0), 10);
        var wait = s_first * Math.Pow(2, exponent);
        return (wait < s_longest ? wait : s_longest) * (0.75 + 0.5 * Random.Shared.NextDouble());
    }
}
