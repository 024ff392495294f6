using System.Globalization;
using BeBiDa.Accounts;
using BeBiDa.Cli.Timelines;

namespace BeBiDa.Cli.Reports;

/// <summary>A report's words and numbers, for people.</summary>
internal static class ReportFigures
{
    private const double Hour = 3600;

    /// <summary>The uses in the order in which they are shown: their names, for programs, for a table and for a picture, and what they mean.</summary>
    public static IReadOnlyList<(NodeUse Use, string Key, string Short, string Name, string Meaning)> Uses { get; } =
    [
        (NodeUse.Slurm, "slurm", "SLURM", "Slurm", "jobs of Slurm had the node"),
        (
            NodeUse.LentWithPods,
            "lent_with_pods",
            "PODS",
            "lent, with pods",
            "lent to Kubernetes, and at least one pod was there that a hand-over would evict"
        ),
        (
            NodeUse.LentEmpty,
            "lent_empty",
            "EMPTY",
            "lent, empty",
            "idle in Slurm, schedulable and Ready in Kubernetes, and no such pod was there"
        ),
        (NodeUse.Linger, "linger", "LINGER", "linger", "idle in Slurm, and kept for the next job (nodes.linger)"),
        (NodeUse.Planned, "planned", "PLANNED", "planned", "idle in Slurm, and held before a planned job (nodes.lead)"),
        (NodeUse.Policy, "policy", "POLICY", "policy", "idle in Slurm, and kept there (nodes.keepFree)"),
        (
            NodeUse.Held,
            "held",
            "HELD",
            "held",
            "idle in Slurm, and not usable in Kubernetes: another standing hold, an admin's cordon, or a node that is not Ready"
        ),
        (NodeUse.Between, "in_between", "IN BETWEEN", "in between", "a hand-over was under way: pods were leaving, or a job was"),
        (
            NodeUse.Unavailable,
            "unavailable",
            "UNAVAILABLE",
            "not available",
            "DOWN, DRAIN, FAIL, maintenance, reboot or powered off in Slurm"
        ),
        (NodeUse.Unknown, "unknown", "UNKNOWN", "unknown", "nobody recorded, or Slurm or Kubernetes did not answer"),
    ];

    /// <summary>Those of them that people are shown: what a site has not set up has no column.</summary>
    public static IEnumerable<(NodeUse Use, string Key, string Short, string Name, string Meaning)> ShownOf(Account account) =>
        Uses.Where(u => u.Use is not (NodeUse.Linger or NodeUse.Planned or NodeUse.Policy) || account.Total[u.Use] > 0);

    /// <summary>The figure that matters, in a sentence.</summary>
    public static string Sentence(Account account)
    {
        var total = account.Total;
        if (total.Total <= total[NodeUse.Unknown])
            return "Nothing is known of what the nodes were used for.";
        if (total.Left == 0)
            return $"Slurm left no node idle{(total[NodeUse.Unknown] > 0 ? ", as far as is known" : "")}.";
        var used = total[NodeUse.LentWithPods];
        return $"Kubernetes used {Percent(used / total.Left)} of the time in which Slurm left nodes idle: {Hours(used, total.Left)} of {Hours(total.Left)} node-hours.";
    }

    /// <summary>When it was, and about what.</summary>
    public static string Scope(Account account, TimeZoneInfo zone)
    {
        var period = new Timeline(account.Since, account.Until, [], []);
        var left = account.LeftOut == 0 ? "" : $" ({Count(account.LeftOut, "node")} that Kubernetes never knew left out)";
        return $"{TimelinePicture.Describe(period, zone)} · {Count(account.Nodes, "node")}{left}";
    }

    /// <summary>What became of pods.</summary>
    public static string Pods(Account account)
    {
        var evicted = account.Evicted;
        var hours = $"{Hours(account.Total.PodSeconds)} pod-hours in all";
        return evicted.Count == 0
            ? $"Pods: none was evicted; {account.PodsEnded} left by themselves; {hours}."
            : $"Pods: {evicted.Count} evicted after {Length(evicted.Median)} (median; mean {Length(evicted.Mean)}), {Hours(evicted.Sum)} pod-hours lost; {account.PodsEnded} left by themselves; {hours}.";
    }

    /// <summary>How long jobs waited.</summary>
    public static string Waits(Account account)
    {
        var waits = account.Waits;
        var unknown =
            account.WaitsUnknown < 60 ? "" : $" Not recorded for {TimelinePicture.Length(TimeSpan.FromSeconds(account.WaitsUnknown))}.";
        return waits.Count == 0
            ? $"Jobs: none waited for a hand-over.{unknown}"
            : $"Jobs: {Count(waits.Count, "job")} waited for a hand-over, {Length(waits.Sum)} in all (median {Length(waits.Median)}, 99th percentile {Length(waits.P99)}).{unknown}";
    }

    /// <summary>Seconds as hours, with as many digits as the biggest of a table needs.</summary>
    public static string Hours(double seconds, double? biggest = null) =>
        (seconds / Hour).ToString(
            ((biggest ?? seconds) / Hour) switch
            {
                < 1 => "0.000",
                < 10 => "0.00",
                _ => "#,##0.0",
            },
            CultureInfo.InvariantCulture
        );

    /// <summary>Seconds as hours, for programs.</summary>
    public static double InHours(double seconds) => Math.Round(seconds / Hour, 6);

    /// <summary>A share.</summary>
    public static string Percent(double share) =>
        $"{(share * 100).ToString(share is > 0 and < 0.1 ? "0.0" : "0", CultureInfo.InvariantCulture)} %";

    /// <summary>What the rows are.</summary>
    public static string KeyOf(Grouping by) =>
        by switch
        {
            Grouping.Node => "node",
            Grouping.Partition => "partition",
            _ => "day",
        };

    private static string Length(double? seconds) => TimelinePicture.Length(TimeSpan.FromSeconds(seconds ?? 0));

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
