using System.Diagnostics;

namespace BeBiDa.Node;

/// <summary>A limit that several steps share.</summary>
/// <param name="limit">How long all of them may take.</param>
internal readonly struct Deadline(TimeSpan limit)
{
    private readonly long began = Stopwatch.GetTimestamp();

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>Whether nothing is left of it.</summary>
    public bool IsOver => Rest == TimeSpan.Zero;

    /// <summary>What is left of it.</summary>
    public TimeSpan Rest => limit - Stopwatch.GetElapsedTime(began) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;

    /// <summary>What the next step gets: the rest, but at least a second, since an earlier step may have used up the limit.</summary>
    public TimeSpan Left => Rest > Least ? Rest : Least;
}
