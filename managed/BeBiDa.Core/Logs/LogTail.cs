using System.Globalization;

namespace BeBiDa.Logs;

/// <summary>What a program may read of a log line: its end, <c>event=decommission outcome=done job=7 ms=45 nodes=n[1-8] pods=3</c>.</summary>
/// <remarks>
/// The words before it are for people, and change. docs/monitoring.md documents the keys and values. A new key may come at
/// any place after <c>event</c>; none changes its meaning.
/// </remarks>
/// <param name="Event">What happened: one of <see cref="Events"/>.</param>
/// <param name="Outcome">How it ended: one of <see cref="Outcomes"/>.</param>
/// <param name="Job">The job's number, and after an underscore its task; or the name of a standing hold's holder.</param>
/// <param name="Elapsed">How long it took, or has taken so far.</param>
/// <param name="Nodes">The nodes, as Slurm writes them; null when nobody said so in few words.</param>
/// <param name="Pods">How many pods left; null for what evicts none.</param>
public sealed record LogTail(string Event, string Outcome, string Job, TimeSpan Elapsed, string? Nodes = null, int? Pods = null)
{
    /// <summary>Nodes were taken for a job.</summary>
    public const string Decommission = "decommission";

    /// <summary>Nodes were given back after a job.</summary>
    public const string Recommission = "recommission";

    /// <summary>A standing hold was put on one node.</summary>
    public const string Hold = "hold";

    /// <summary>The reconciler took a hold off one node.</summary>
    public const string Release = "release";

    /// <summary>It is done.</summary>
    public const string Done = "done";

    /// <summary>The job's recommission came first.</summary>
    public const string Superseded = "superseded";

    /// <summary>It could not be done.</summary>
    public const string Failed = "failed";

    /// <summary>It was not done in time, and continues in the background.</summary>
    public const string TimedOut = "timeout";

    // A line of slurmctld's log has room for it.
    private const int LongestList = 2000;

    // Whoever draws a hand-over subtracts this from the time of its line: what is longer is no duration of one.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>How a tail starts.</summary>
    internal const string Start = " event=";

    /// <summary>All events.</summary>
    public static IReadOnlyList<string> Events { get; } = [Decommission, Recommission, Hold, Release];

    /// <summary>All outcomes.</summary>
    public static IReadOnlyList<string> Outcomes { get; } = [Done, Superseded, Failed, TimedOut];

    /// <summary>All keys, in their order.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["event", "outcome", "job", "ms", "nodes", "pods"];

    /// <summary>The tail as it ends a line, the blank before it included.</summary>
    public override string ToString()
    {
        var nodes =
            Nodes is { Length: > 0 and <= LongestList } && !Nodes.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))
                ? $" nodes={Nodes}"
                : "";
        var pods = Pods is { } count ? string.Create(CultureInfo.InvariantCulture, $" pods={count}") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Start}{Event} outcome={Outcome} job={Job} ms={(long)Elapsed.TotalMilliseconds}{nodes}{pods}"
        );
    }

    /// <summary>Reads the tail of a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="text">What stands before the tail, for people.</param>
    /// <returns>The tail; null when the line does not end in one.</returns>
    public static LogTail? Parse(string line, out string text)
    {
        text = line;
        var at = line.LastIndexOf(Start, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in line[(at + 1)..].Split(' '))
            if (
                word.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals)
                || !values.TryAdd(word[..equals], word[(equals + 1)..])
            )
                return null;
        if (
            !Events.Contains(values["event"])
            || !values.TryGetValue("outcome", out var outcome)
            || !Outcomes.Contains(outcome)
            || !values.TryGetValue("job", out var job)
            || !values.TryGetValue("ms", out var elapsed)
            || !long.TryParse(elapsed, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            || milliseconds > (long)Longest.TotalMilliseconds
        )
            return null;
        text = line[..at];
        return new LogTail(
            values["event"],
            outcome,
            job,
            TimeSpan.FromMilliseconds(milliseconds),
            values.GetValueOrDefault("nodes"),
            int.TryParse(values.GetValueOrDefault("pods"), NumberStyles.None, CultureInfo.InvariantCulture, out var pods) ? pods : null
        );
    }
}
