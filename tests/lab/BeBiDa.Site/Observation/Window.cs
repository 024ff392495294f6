namespace BeBiDa.Site.Observation;

/// <summary>
/// A time of which something is certain. Of a <see cref="Sighting"/>: at some moment between the two, nobody knows which;
/// of a <see cref="CertainRun"/>: at every moment between the two.
/// </summary>
public readonly record struct Window(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Whether the other lies within this one.</summary>
    public bool Covers(Window other) => From <= other.From && other.To <= To;

    public override string ToString() => $"{From:HH:mm:ss.fff}-{To:HH:mm:ss.fff}";
}

/// <summary>A time in which a job ran on a node at every moment.</summary>
public sealed record CertainRun(int Job, string Node, Window Window);
