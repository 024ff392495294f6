using System.Globalization;
using System.Text.RegularExpressions;

namespace BeBiDa.Harvest.Daemons;

/// <summary>What slurmctld logs, to the millisecond, of its jobs; squeue knows whole seconds only.</summary>
internal sealed partial class SlurmctldLog
{
    private readonly ILookup<int, DateTimeOffset> _allocations;
    private readonly ILookup<int, DateTimeOffset> _ends;

    /// <param name="text">The log, in local time.</param>
    public SlurmctldLog(string text)
    {
        _allocations = Moments(Allocated().Matches(text));
        _ends = Moments(Done().Matches(text));
    }

    /// <summary>When a job was given its nodes, each time.</summary>
    public IReadOnlyList<DateTimeOffset> Allocations(int job) => [.. _allocations[job].Order()];

    /// <summary>When slurmctld had seen a job's end, the last time; null if it did not.</summary>
    public DateTimeOffset? End(int job) => _ends[job].Any() ? _ends[job].Max() : null;

    private static ILookup<int, DateTimeOffset> Moments(IEnumerable<Match> lines) =>
        lines.ToLookup(
            line => int.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture),
            line => new DateTimeOffset(DateTime.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal))
        );

    // By the main scheduler, and by backfill.
    [GeneratedRegex(@"^\[([^\]]+)\] .*(?:sched: Allocate|_start_job: Started) JobId=(\d+)", RegexOptions.Multiline)]
    private static partial Regex Allocated();

    [GeneratedRegex(@"^\[([^\]]+)\] _job_complete: JobId=(\d+)\S* done", RegexOptions.Multiline)]
    private static partial Regex Done();
}
