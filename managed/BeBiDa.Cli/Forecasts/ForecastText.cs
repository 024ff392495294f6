using System.Globalization;
using Spectre.Console;

namespace BeBiDa.Cli.Forecasts;

/// <summary>A forecast in words and a table.</summary>
internal static class ForecastText
{
    /// <summary>What it says, in a few sentences: the first is the one to remember.</summary>
    public static IEnumerable<string> Sentences(Forecast forecast)
    {
        // Nodes are lent and returned alike, whatever runs there; with several times to keep them, by the first.
        var lent = forecast.Harvests[0].Harvest.Lent;
        yield return $"You would have lent {Hours(lent)} node-hours: {Percent(lent / forecast.Idle)} of what was idle, "
            + $"and {Percent(lent / forecast.All)} of the cluster.";
        yield return $"{forecast.Nodes} nodes, {Date(forecast.From)} to {Date(forecast.Until)}: {Hours(forecast.All)} node-hours, "
            + $"{Percent(forecast.Used / forecast.All)} used by {forecast.Jobs.ToString("N0", CultureInfo.InvariantCulture)} jobs, "
            + $"{Percent(forecast.Unavailable / forecast.All)} not available, {Percent(forecast.Idle / forecast.All)} idle.";
        yield return $"Idle in {forecast.Gaps.Count.ToString("N0", CultureInfo.InvariantCulture)} gaps: half of them at most {Time(forecast.Gap(0.5))}, "
            + $"a tenth at least {Time(forecast.Gap(0.9))}.";
        if (forecast.StillRunning > 0)
            yield return $"Jobs without an end: {forecast.StillRunning}. They keep their nodes to the end of the time.";
    }

    /// <summary>The headings of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "Pods of",
        "Linger",
        "Ran (node-hours)",
        "Of idle",
        "Work kept",
        "Done a day",
        "Ended a day",
        "Jobs waited: half",
        "99 of 100",
        "In all",
    ];

    /// <summary>A row for each length of pods and each time that nodes are kept.</summary>
    public static IEnumerable<string[]> Rows(Forecast forecast) =>
        forecast.Harvests.Select(h =>
            new[]
            {
                Duration.Format(h.Model.PodLength),
                Duration.Format(h.Model.Linger),
                Hours(h.Harvest.PodTime),
                Percent(h.Harvest.PodTime / forecast.Idle),
                Percent(h.Harvest.Useful / h.Harvest.PodTime),
                Count(h.Harvest.PodsDone / forecast.Length.TotalDays),
                Count(h.Harvest.PodsEnded / forecast.Length.TotalDays),
                Seconds(h.Harvest.Waits, 0.5),
                Seconds(h.Harvest.Waits, 0.99),
                $"{Hours(Sum(h.Harvest.Waits))} h",
            }
        );

    /// <summary>All of it.</summary>
    public static string Of(Forecast forecast)
    {
        using var text = new StringWriter();
        foreach (var sentence in Sentences(forecast))
            text.WriteLine(sentence);
        text.WriteLine();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text) });
        // Lines are never broken: the table may go into a file.
        console.Profile.Width = int.MaxValue / 2;
        console.Write(Table(forecast));
        return text.ToString();
    }

    private static Table Table(Forecast forecast)
    {
        var table = new Table().Border(TableBorder.None).NoSafeBorder();
        foreach (var column in Columns)
            table.AddColumn(new TableColumn(column.ToUpperInvariant()).PadLeft(0).PadRight(3).NoWrap());
        foreach (var row in Rows(forecast))
            table.AddRow(row);
        return table;
    }

    /// <summary>The sum of times.</summary>
    public static TimeSpan Sum(IReadOnlyList<TimeSpan> times) => TimeSpan.FromTicks(times.Sum(time => time.Ticks));

    /// <summary>A time that a share of times in order do not exceed.</summary>
    public static TimeSpan Quantile(IReadOnlyList<TimeSpan> times, double share) =>
        times.Count == 0 ? TimeSpan.Zero : Quantiles.NearestRank(times, share);

    private static string Seconds(IReadOnlyList<TimeSpan> times, double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{Quantile(times, share).TotalSeconds:0.0} s");

    /// <summary>Node-hours.</summary>
    public static string Hours(TimeSpan time) =>
        time.TotalHours.ToString(time.TotalHours < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    /// <summary>A share.</summary>
    public static string Percent(double share) =>
        double.IsFinite(share) ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %") : "-";

    /// <summary>A length of time with its two biggest units, as kubectl writes ages.</summary>
    public static string Time(TimeSpan time) => StatusTable.Age(time);

    private static string Count(double number) => number.ToString(number < 10 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    private static string Date(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
