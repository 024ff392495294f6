using System.Globalization;

namespace BeBiDa.Accounts;

/// <summary>What a report is broken down by.</summary>
public enum Grouping
{
    /// <summary>By days of the local calendar.</summary>
    Day,

    /// <summary>By nodes.</summary>
    Node,

    /// <summary>By partitions; a node of two is in both.</summary>
    Partition,
}

/// <summary>Some durations, in seconds.</summary>
/// <param name="Count">How many.</param>
/// <param name="Sum">All added up.</param>
/// <param name="Mean">Their mean; null without any.</param>
/// <param name="Median">Half of them are no longer.</param>
/// <param name="P99">99 of 100 are no longer.</param>
public sealed record Durations(int Count, double Sum, double? Mean, double? Median, double? P99)
{
    /// <summary>Of durations in any order.</summary>
    public static Durations Of(IEnumerable<double> all)
    {
        var sorted = all.Order().ToArray();
        return new Durations(
            sorted.Length,
            sorted.Sum(),
            sorted.Length == 0 ? null : sorted.Average(),
            sorted.Length == 0 ? null : Quantiles.NearestRank(sorted, 0.5),
            sorted.Length == 0 ? null : Quantiles.NearestRank(sorted, 0.99)
        );
    }
}

/// <summary>One row of a report.</summary>
/// <param name="Key">The day (<c>2026-01-31</c>), node or partition.</param>
/// <param name="Tally">Its figures.</param>
public sealed record AccountRow(string Key, Tally Tally)
{
    /// <summary>Puts parts of the same key together, in the order of the keys.</summary>
    internal static IReadOnlyList<AccountRow> Of(IEnumerable<(string Key, Tally Tally)> parts) =>
        [
            .. parts
                .GroupBy(p => p.Key, StringComparer.Ordinal)
                .OrderBy(p => p.Key, StringComparer.Ordinal)
                .Select(p => new AccountRow(p.Key, Tally.Sum(p.Select(t => t.Tally)))),
        ];

    /// <summary>The key of a day.</summary>
    internal static string KeyOf(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>What the nodes of a cluster were used for over some time.</summary>
/// <param name="Since">Where it begins.</param>
/// <param name="Until">Where it ends.</param>
/// <param name="Nodes">How many nodes it is about.</param>
/// <param name="LeftOut">How many of Slurm's nodes it leaves out: Kubernetes never knew them.</param>
/// <param name="Total">All of them together.</param>
/// <param name="By">What the rows are.</param>
/// <param name="Rows">Day by day, node by node or partition by partition.</param>
/// <param name="Evicted">How long the pods had lived that were evicted.</param>
/// <param name="PodsEnded">How many pods left by themselves.</param>
/// <param name="Waits">How long jobs waited for their nodes.</param>
/// <param name="WaitsUnknown">For how long hand-overs were not recorded, in seconds.</param>
public sealed record Account(
    DateTimeOffset Since,
    DateTimeOffset Until,
    int Nodes,
    int LeftOut,
    Tally Total,
    Grouping By,
    IReadOnlyList<AccountRow> Rows,
    Durations Evicted,
    int PodsEnded,
    Durations Waits,
    double WaitsUnknown
);
