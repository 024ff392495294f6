using BeBiDa.Bench;
using BeBiDa.Harvest.Replay;

namespace BeBiDa.Harvest.Page;

/// <summary>The page's section on replays.</summary>
internal static class ReplaySection
{
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
