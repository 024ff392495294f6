using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.Accounts;

namespace BeBiDa.Cli.Reports;

/// <summary>A report as a table, as comma-separated values, and as JSON.</summary>
internal static class ReportText
{
    /// <summary>A table, in node-hours.</summary>
    public static string Table(Account account, TimeZoneInfo zone)
    {
        var biggest = account.Total.Total;
        var uses = ReportFigures.ShownOf(account).ToList();
        List<string[]> rows =
        [
            [ReportFigures.KeyOf(account.By).ToUpperInvariant(), .. uses.Select(u => u.Short), "TOTAL"],
            .. account.Rows.Append(new AccountRow("all", account.Total)).Select(row => Cells(row, uses.Select(u => u.Use), biggest)),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(r => r[i].Length)).ToArray();
        var text = new StringBuilder();
        text.Append(ReportFigures.Sentence(account)).Append('\n');
        text.Append(ReportFigures.Scope(account, zone)).Append(", node-hours\n\n");
        foreach (var row in rows)
            text.Append(string.Join("   ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))))
                .Append('\n');
        text.Append('\n').Append(ReportFigures.Pods(account)).Append('\n').Append(ReportFigures.Waits(account)).Append('\n');
        return text.ToString();
    }

    /// <summary>Comma-separated values, in node-hours: the rows without their total.</summary>
    public static string Csv(Account account)
    {
        var text = new StringBuilder();
        text.Append(
                string.Join(
                    ',',
                    [
                        ReportFigures.KeyOf(account.By),
                        .. ReportFigures.Uses.Select(u => u.Key),
                        "total",
                        "pod_hours",
                        "pods_evicted",
                        "pod_hours_lost",
                    ]
                )
            )
            .Append('\n');
        foreach (var (key, tally) in account.Rows)
            text.Append(
                    string.Join(
                        ',',
                        [
                            key,
                            .. ReportFigures.Uses.Select(u => N(tally[u.Use])),
                            N(tally.Total),
                            N(tally.PodSeconds),
                            tally.Evicted.ToString(CultureInfo.InvariantCulture),
                            N(tally.LostSeconds),
                        ]
                    )
                )
                .Append('\n');
        return text.ToString();

        static string N(double seconds) => ReportFigures.InHours(seconds).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>JSON, in node-hours and seconds.</summary>
    public static string Json(Account account) => JsonSerializer.Serialize(ReportJson.Of(account), ReportContext.Default.ReportJson) + "\n";

    private static string[] Cells(AccountRow row, IEnumerable<NodeUse> uses, double biggest) =>
        [row.Key, .. uses.Select(use => ReportFigures.Hours(row.Tally[use], biggest)), ReportFigures.Hours(row.Tally.Total, biggest)];
}

/// <summary>A report for programs.</summary>
internal sealed record ReportJson(
    DateTimeOffset Since,
    DateTimeOffset Until,
    string By,
    int Nodes,
    int NodesLeftOut,
    ReportRowJson Total,
    ReportPodsJson Pods,
    ReportJobsJson Jobs,
    IReadOnlyList<ReportRowJson> Rows
)
{
    public static ReportJson Of(Account account) =>
        new(
            account.Since,
            account.Until,
            ReportFigures.KeyOf(account.By),
            account.Nodes,
            account.LeftOut,
            ReportRowJson.Of(null, account.Total),
            new ReportPodsJson(
                ReportFigures.InHours(account.Total.PodSeconds),
                account.Evicted.Count,
                ReportFigures.InHours(account.Evicted.Sum),
                Round(account.Evicted.Mean),
                Round(account.Evicted.Median),
                account.PodsEnded
            ),
            new ReportJobsJson(
                account.Waits.Count,
                Math.Round(account.Waits.Sum, 3),
                account.Waits.Median,
                account.Waits.P99,
                Math.Round(account.WaitsUnknown, 3)
            ),
            [.. account.Rows.Select(row => ReportRowJson.Of(row.Key, row.Tally))]
        );

    private static double? Round(double? seconds) => seconds is { } known ? Math.Round(known, 3) : null;
}

/// <summary>A row, or the total, which has no key.</summary>
internal sealed record ReportRowJson(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key,
    IReadOnlyDictionary<string, double> NodeHours,
    double TotalNodeHours,
    double PodHours,
    int PodsEvicted,
    double PodHoursLost
)
{
    public static ReportRowJson Of(string? key, Tally tally) =>
        new(
            key,
            ReportFigures.Uses.ToDictionary(u => Camel(u.Key), u => ReportFigures.InHours(tally[u.Use])),
            ReportFigures.InHours(tally.Total),
            ReportFigures.InHours(tally.PodSeconds),
            tally.Evicted,
            ReportFigures.InHours(tally.LostSeconds)
        );

    // lent_empty becomes lentEmpty.
    private static string Camel(string key) =>
        string.Concat(key.Split('_').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
}

/// <summary>The pods.</summary>
internal sealed record ReportPodsJson(
    double PodHours,
    int Evicted,
    double PodHoursLost,
    double? MeanSeconds,
    double? MedianSeconds,
    int EndedByThemselves
);

/// <summary>The jobs that waited for a hand-over.</summary>
internal sealed record ReportJobsJson(int Waited, double Seconds, double? MedianSeconds, double? P99Seconds, double SecondsNotRecorded);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ReportJson))]
internal sealed partial class ReportContext : JsonSerializerContext;
