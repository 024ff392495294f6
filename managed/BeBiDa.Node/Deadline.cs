using System.Diagnostics;

namespace BeBiDa.Node;

/// <summary>A limit that several steps share.</summary>
/// <param name="limit">How long all of them may take.</param>
internal readonly struct Deadline(TimeSpan limit)
{
    private readonly long began = Stopwatch.GetTimestamp();

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>Whether nothing is left of it.</summary>
    public bool IsOver => Stopwatch.GetElapsedTime(began) >= limit;

    /// <summary>What is left of it for the next step; a second at least, since what an earlier one has used up is not its fault.</summary>
    public TimeSpan Left => limit - Stopwatch.GetElapsedTime(began) is var left && left > Least ? left : Least;
}
