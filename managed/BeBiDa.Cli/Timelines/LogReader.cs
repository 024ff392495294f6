using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Configuration;
using BeBiDa.Logs;

namespace BeBiDa.Cli.Timelines;

/// <summary>Reads hand-overs from the tails of BeBiDa's lines in slurmctld.log, or in the log of <c>bebidactl hook --log</c>.</summary>
internal sealed partial class LogReader(Func<string, CancellationToken, Task<IReadOnlyList<string>>> expand)
{
    private readonly Dictionary<string, IReadOnlyList<string>> expanded = new(StringComparer.Ordinal);

    /// <summary>How many hand-overs were read that do not say on which nodes they were.</summary>
    public int WithoutNodes { get; private set; }

    /// <summary>All hand-overs of a log.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ConfigurationException">The file cannot be read.</exception>
    public async Task<IReadOnlyList<HandOverMoment>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var moments = new List<HandOverMoment>();
        try
        {
            await foreach (var line in File.ReadLinesAsync(path, cancellationToken).ConfigureAwait(false))
                moments.AddRange(await ReadLineAsync(line, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--log: {e.Message}");
        }
        return moments;
    }

    private async Task<IReadOnlyList<HandOverMoment>> ReadLineAsync(string line, CancellationToken cancellationToken)
    {
        if (LogTail.Parse(line, out var text) is not { } tail)
            return [];
        // Others may write such a tail too, but not such a beginning.
        if (Beginning().Match(text) is not { Success: true } beginning || Time(beginning) is not { } time)
            return [];
        var isDecommission = tail.Event is LogTail.Decommission or LogTail.Hold;
        var isDone = tail.Outcome == LogTail.Done;
        // A recommission that is not done yet says so again when it is, or the reconciler does.
        if (!isDecommission && !isDone)
            return [];
        // What the reconciler releases, no job has been leaving.
        var began = tail.Event == LogTail.Release ? time : time - tail.Elapsed;
        var nodes = await NodesAsync(tail.Nodes, cancellationToken).ConfigureAwait(false);
        return
        [
            .. nodes.Select(node => new HandOverMoment(
                node,
                tail.Job,
                isDecommission,
                began,
                isDone ? time : null,
                beginning.Groups["note"].Value
            )),
        ];
    }

    private async Task<IReadOnlyList<string>> NodesAsync(string? list, CancellationToken cancellationToken)
    {
        if (list is null)
        {
            WithoutNodes++;
            return [];
        }
        if (!expanded.TryGetValue(list, out var nodes))
            expanded[list] = nodes = await expand(list, cancellationToken).ConfigureAwait(false);
        return nodes;
    }

    // slurmctld's LogTimeFormat, but for those without a date: local time, unless the zone stands there.
    private static DateTimeOffset? Time(Match match) =>
        DateTimeOffset.TryParse(match.Groups["time"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)
            ? time
            : null;

    // The time, then who writes: slurmctld names an error before the plugin, bebidactl after itself.
    [GeneratedRegex(
        @"^\[?(?<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)\]? (?:error: )?(?:bebida|bebidactl): (?:error: )?(?<note>.*)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Beginning();
}
