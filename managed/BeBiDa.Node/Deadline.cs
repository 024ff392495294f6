using System.Diagnostics;

namespace BeBiDa.Node;

/// <summary>A limit that several steps share.</summary>
/// <param name="limit">How long all of them may take.</param>
internal readonly struct Deadline(TimeSpan limit)
{
    private readonly long began = Stopwatch.GetTimestamp();

    /// <summary>What is left of it; never negative.</summary>
    public TimeSpan Left => Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < limit ? limit - elapsed : TimeSpan.Zero;
}
