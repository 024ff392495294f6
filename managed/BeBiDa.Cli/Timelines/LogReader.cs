using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Timelines;

/// <summary>Reads hand-overs from BeBiDa's lines in slurmctld.log, or in the log of <c>bebidactl hook --log</c>.</summary>
/// <remarks>The lines are written in HandOver/HandOvers.cs and Reconciliation/Reconciler.cs; no word of a job's user stands in them before what is read here.</remarks>
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
        // Most of a slurmctld.log is not ours.
        if (!line.Contains("bebida", StringComparison.Ordinal))
            return [];
        if (Released().Match(line) is { Success: true } released && Time(released) is { } then)
            return
            [
                new HandOverMoment(
                    released.Groups["node"].Value,
                    released.Groups["job"].Value,
                    false,
                    then,
                    then,
                    released.Groups["note"].Value
                ),
            ];
        if (Unfinished().Match(line) is { Success: true } unfinished && Time(unfinished) is { } told)
            return
            [
                .. (await NodesAsync(unfinished, cancellationToken).ConfigureAwait(false)).Select(node => new HandOverMoment(
                    node,
                    unfinished.Groups["job"].Value,
                    true,
                    told - Lasted(unfinished),
                    null,
                    unfinished.Groups["note"].Value
                )),
            ];
        if (HandOver().Match(line) is not { Success: true } match || Time(match) is not { } time)
            return [];
        return
        [
            .. (await NodesAsync(match, cancellationToken).ConfigureAwait(false)).Select(node => new HandOverMoment(
                node,
                match.Groups["job"].Value,
                match.Groups["way"].Value == "decommission",
                time - Lasted(match),
                match.Groups["superseded"].Success ? null : time,
                match.Groups["note"].Value
            )),
        ];
    }

    private async Task<IReadOnlyList<string>> NodesAsync(Match match, CancellationToken cancellationToken)
    {
        var list = match.Groups["nodes"].Value;
        if (list.Length == 0)
            WithoutNodes++;
        else if (!expanded.ContainsKey(list))
            expanded[list] = await expand(list, cancellationToken).ConfigureAwait(false);
        return list.Length == 0 ? [] : expanded[list];
    }

    private static TimeSpan Lasted(Match match) =>
        Duration.TryParse(match.Groups["lasted"].Value.Replace(" ", "", StringComparison.Ordinal), out var duration)
            ? duration
            : TimeSpan.Zero;

    // slurmctld's LogTimeFormat, but for those without a date: local time, unless the zone stands there.
    private static DateTimeOffset? Time(Match match) =>
        DateTimeOffset.TryParse(match.Groups["time"].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)
            ? time
            : null;

    [GeneratedRegex(
        @"^\[?(?<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)\]? (?:bebida|bebidactl): (?<note>job (?<job>\d+(?:_\d+)?): (?<way>decommission|recommission) of \d+ nodes (?:done|(?<superseded>superseded)) in (?<lasted>\d+ ms)(?:, \d+ pods evicted)?(?: on (?<nodes>\S+))?)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex HandOver();

    // The job's epilog, or a line that says that it was done after all, comes later.
    [GeneratedRegex(
        @"^\[?(?<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)\]? (?:error: bebida|bebidactl: error): (?<note>job (?<job>\d+(?:_\d+)?): decommission (?:not done within|failed after) (?<lasted>\d+ ms|[0-9hms]+)(?: on (?<nodes>[^\s:]+))?(?: \(.*?\))?: .*)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Unfinished();

    [GeneratedRegex(
        @"^\[?(?<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)\]? (?:bebida|bebidactl): (?<note>job (?<job>\d+(?:_\d+)?): node (?<node>\S+) released: .*)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Released();
}
