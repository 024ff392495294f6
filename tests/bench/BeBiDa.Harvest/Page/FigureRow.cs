namespace BeBiDa.Harvest.Page;

/// <summary>The figures of some runs of the same, as a row of a table.</summary>
internal static class FigureRow
{
    /// <summary>The headings.</summary>
    public static IReadOnlyList<string> Head { get; } =
    ["H", "U", "E", "pods ended per idle node-hour", "job's wait p50", "p99", "makespan"];

    /// <summary>The row.</summary>
    /// <param name="runs">The runs.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<HarvestFigures> runs)
    {
        string Show(Func<HarvestFigures, double> what, string format, string unit) => Spread.Of(runs.Select(what)).Show(format, unit);
        return
        [
            Show(run => run.Harvested * 100, "0.0", " %"),
            Show(run => run.PodTime * 100, "0.0", " %"),
            Show(run => run.Useful * 100, "0.0", " %"),
            Show(run => run.EndedPerIdleNodeHour, "0.00", ""),
            Show(run => run.Wait(0.5).TotalSeconds, "0.00", " s"),
            Show(run => run.Wait(0.99).TotalSeconds, "0.00", " s"),
            Show(run => run.Makespan.TotalHours, "0.00", " h"),
        ];
    }
}
