using BeBiDa.Bench;
using BeBiDa.Harvest.Replay;

namespace BeBiDa.Harvest.Page;

/// <summary>The page's section on replays.</summary>
internal static class ReplaySection
{
    /// <summary>A row for each workload and time before a planned job's start.</summary>
    public static void Foreseen(Section section, IReadOnlyList<ForeseenCell> cells) =>
        section.Table(
            [
                "workload, pods of",
                "lead",
                "pods ask",
                "H",
                "U",
                "E",
                "pods ended per idle node-hour",
                "foreseen by 30 s",
                "held for p10",
                "p50",
                "p90",
                "held for nothing",
            ],
            cells.Select(cell =>
            {
                string Show(Func<ForeseenRun, double> what, string format, string unit) =>
                    Spread.Of(cell.Runs.Select(what)).Show(format, unit);
                string Lead(double part) =>
                    cell.Runs.Any(run => run.Leads.Count == 0)
                        ? "-"
                        : Show(run => run.Leads[(int)(part * (run.Leads.Count - 1))], "0", " s");
                return (IReadOnlyList<string>)
                    [
                        $"{cell.Workload}, {Duration.Format(cell.Pods)}",
                        Duration.Format(cell.Lead),
                        cell.Asks ? "yes" : "no",
                        Show(run => run.Harvested * 100, "0.0", " %"),
                        Show(run => run.Used * 100, "0.0", " %"),
                        Show(run => run.Useful * 100, "0.0", " %"),
                        Show(run => run.EndedPerIdleNodeHour, "0.00", ""),
                        Show(run => run.Foreseen * 100, "0", " %"),
                        Lead(0.1),
                        Lead(0.5),
                        Lead(0.9),
                        Show(run => run.Wasted * 100, "0.0", " %"),
                    ];
            })
        );

    /// <summary>A row for each workload, length of pods, and time that nodes are kept.</summary>
    public static void Table(Section section, IReadOnlyList<ReplayCell> cells) =>
        section.Table(
            ["workload, pods of", "linger", .. FigureRow.Head],
            cells.Select(cell =>
                (IReadOnlyList<string>)
                    [
                        $"{cell.Workload}, {Duration.Format(cell.Pods)}",
                        Duration.Format(cell.Linger),
                        .. FigureRow.Of([.. cell.Runs.Select(run => run.Figures)]),
                    ]
            )
        );
}
