using System.Numerics;

namespace BeBiDa.Planning;

/// <summary>How long a node stays free, as its label and its annotation say it.</summary>
/// <param name="Until">Until when no planned job is expected there.</param>
/// <param name="Seconds">A power of two of seconds from now on that are free, at least <see cref="Shortest"/>; or 0.</param>
public sealed record FreeTime(DateTimeOffset Until, long Seconds)
{
    /// <summary>The shortest time that is told.</summary>
    public const long Shortest = 32;

    /// <summary>The time from now on.</summary>
    public static FreeTime From(DateTimeOffset now, DateTimeOffset until) => new(until, Rounded(until - now));

    private static long Rounded(TimeSpan left) => left.TotalSeconds < Shortest ? 0 : 1L << BitOperations.Log2((ulong)left.TotalSeconds);
}
