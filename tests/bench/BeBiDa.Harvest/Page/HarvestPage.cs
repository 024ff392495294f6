using System.Globalization;
using BeBiDa.Bench;
using BeBiDa.Harvest.Daemons;
using BeBiDa.Harvest.Replay;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Page;

/// <summary>The page docs/harvest.md.</summary>
internal static class HarvestPage
{
    /// <summary>Puts it together.</summary>
    /// <param name="machine">The machine and the versions of what ran on it.</param>
    /// <param name="replays">The replays.</param>
    /// <param name="foreseen">The replays with planned nodes held, and with pods that ask.</param>
    /// <param name="runs">The runs on real daemons.</param>
    public static string Write(
        IReadOnlyList<string> machine,
        IReadOnlyList<ReplayCell> replays,
        IReadOnlyList<ForeseenCell> foreseen,
        IReadOnlyList<(NamedCell Cell, DaemonsRun Run)> runs
    )
    {
        var page = new Section { Name = "harvest", Title = "" };
        page.Lines.AddRange(["# What lending is worth", "<!-- Written by tests/bench/harvest.sh, and by nothing else. -->"]);
        page.Text(
            "Slurm's accounting shows lent time as idle. These figures say what that time is worth, and what it costs jobs and pods. "
                + "`sudo tests/bench/harvest.sh` measures all of it and writes this page; later changes are held against it. "
                + "[bebidactl forecast](forecast.md) gives the same figures for your own site."
        );
        page.Lines.AddRange(machine.Select(fact => $"- {fact}"));
        page.Lines.Add("");
        Formulas(page);
        Replays(page, replays, foreseen);
        RealDaemons(page, runs);
        Published(page, replays);
        return string.Join('\n', page.Lines).TrimEnd() + "\n";
    }

    private static void Formulas(Section page)
    {
        page.Lines.Add("## The figures");
        Words(
            page,
            ["figure", "formula"],
            [
                ["idle", "node-time in which `sinfo` says IDLE or PLANNED, and neither DOWN, DRAIN, MAINT nor a state of power saving"],
                ["H, harvested", "idle node-time in which the node was schedulable and Ready in Kubernetes / idle node-time"],
                ["U, used", "time of running pods while their node is idle / (idle node-time × pods that a node runs at once)"],
                [
                    "E, effective",
                    "pods' time whose work was kept / all pods' time, starting not included; a pod that is ended loses the step that it is in",
                ],
                ["pods ended", "pods that a job ended before their work was done / hours of idle node-time"],
                ["a job's wait", "from its allocation to its first command"],
                ["requests", "requests to the API server by whoever hands over / node-hours, busy ones too"],
                [
                    "on real daemons",
                    "times are those of the run, which are divided; so counts for each hour are that many times as high as the trace's",
                ],
            ]
        );
        page.Text("No later change of lending moves these formulas.");
    }

    private static void Replays(Section page, IReadOnlyList<ReplayCell> cells, IReadOnlyList<ForeseenCell> foreseen)
    {
        var settings = ReplaySettings.Usual;
        page.Lines.Add("## Replayed");
        page.Text(
            $"{settings.Nodes} nodes, {settings.Days.ToString(CultureInfo.InvariantCulture)} days of jobs, medians of {settings.Seeds.Count} seeds and the range. "
                + "The replay schedules first come, first served, with a pass of backfill every 30 s, and lends the gaps by the rules of "
                + "`bebidactl forecast`. There are always more pods. Their lengths are log-normal around the median, and they save their "
                + "work ten times. A node is Ready 1 s after its job, a pod works 3 s later, and ends within 1 s. "
                + "So a job's wait is the model's: 0.1 s, or 1.1 s with pods. With `nodes.linger`, a node is kept that long for the next job."
        );
        page.Lines.AddRange(Workload.All.Select(workload => $"- **{workload.Name}**: {workload.About}"));
        page.Lines.Add("");
        page.Text(
            "The model of Lublin and Feitelson is the one without types of jobs; its constants are in "
                + "[LublinFeitelson.cs](../tests/bench/BeBiDa.Harvest/Traces/LublinFeitelson.cs). `replay --swf FILE` adds a trace of the "
                + "Parallel Workloads Archive."
        );
        ReplaySection.Table(page, cells);
        var worst = cells.MinBy(cell => Spread.Of(cell.Runs.Select(run => run.Figures.PodTime * run.Figures.Useful)).Median)!;
        page.Text(
            "`nodes.linger` gives up the beginning of each gap. 30 s span a pass of backfill, so fewer pods are started only to be ended."
        );
        page.Text(
            $"Lending looks worst for **{worst.Workload}** with pods of {Duration.Format(worst.Pods)}: of the idle time, "
                + $"{Spread.Of(worst.Runs.Select(run => run.Figures.PodTime * run.Figures.Useful * 100)).Show("0", " %")} became work that was kept."
        );
        page.Text(
            "With `nodes.lead`, nodes are held before planned jobs by the same rules as in slurmctld's plugin. All jobs of a trace are one user's, "
                + "if it does not name users. A pod that has 30 s to leave before its job saves its work. The share that is foreseen counts all nodes "
                + "that jobs took, also those of jobs that started at once, which nobody can foresee."
        );
        page.Text(
            "With `nodes.freeSeconds`, pods that ask begin only where the label says that they have the time. They know how long they take, and a "
                + "scheduler looks at ten that wait. Then a place may stay empty (U), but fewer pods are ended, and no time is given up for it (H)."
        );
        ReplaySection.Foreseen(page, foreseen);
        page.Text(
            "A job is expected when the jobs before it may well have ended, not when their time limits end. A lead of a minute is enough then, "
                + "and a longer one has nodes wait. It brings most for wide jobs. It costs most where many short jobs queue: do not use it there."
        );
    }

    private static void RealDaemons(Section page, IReadOnlyList<(NamedCell Cell, DaemonsRun Run)> runs)
    {
        page.Lines.Add("## On real daemons");
        if (runs.Count == 0)
        {
            page.Text("Not measured yet.");
            return;
        }
        var (options, seen) = (runs[0].Run.Options, runs[0].Run.Circumstances);
        page.Text(
            $"Slurm {seen.Slurm} with {options.Nodes} slurmd on one host; {seen.Kubernetes}. Their pods start, work in steps and end in time, but are no "
                + "processes. All times of the trace, of pods and of Slurm's scheduler are divided by "
                + $"{options.Compress.ToString(CultureInfo.InvariantCulture)}. A hand-over is not, so it weighs that many times as much. An observer polls `sinfo`, Nodes "
                + "and Pods each second, and reads nothing of BeBiDa's. The scripts are the original's, on the same jobs."
        );
        var beside = runs.Where(r => r.Run.Options.Way == Way.Plugin).ToList();
        page.Table(
            ["cell, who hands over", .. FigureRow.Head, "requests per node-hour"],
            runs.GroupBy(r => (r.Cell, r.Run.Options.Way))
                .Select(group =>
                    (IReadOnlyList<string>)
                        [
                            $"{group.Key.Cell.Name} ({group.Key.Cell.Workload}, pods of {Duration.Format(group.Key.Cell.Pods)}), {group.Key.Way.ToString().ToLowerInvariant()}",
                            .. FigureRow.Of([.. group.Select(r => r.Run.Figures)]),
                            Spread.Of(group.Select(r => r.Run.Figures.RequestsPerNodeHour ?? double.NaN)).Show("0"),
                        ]
                )
        );
        string Schedulable(IEnumerable<DaemonsRun> all) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{all.Sum(run => run.Beside.Schedulable)} of {all.Sum(run => run.Beside.Looks):N0}"
            );
        page.Text(
            $"While jobs' commands ran, their nodes were schedulable at {Schedulable(beside.Select(r => r.Run))} looks with the plugin, and at "
                + $"{Schedulable(runs.Where(r => r.Run.Options.Way == Way.Scripts).Select(r => r.Run))} with the scripts. "
                + $"The longest time between two looks was {Figures.Time(runs.Max(r => r.Run.Circumstances.LongestGap.TotalSeconds))}, the load average "
                + $"{Spread.Of(runs.Select(r => r.Run.Circumstances.MeanLoad)).Show("0.0")} on two processors."
        );
        var missing = NamedCell.All.Where(cell => runs.All(r => r.Cell != cell)).Select(cell => cell.Name).ToList();
        if (missing.Count > 0)
            page.Text($"Not measured yet: {string.Join(", ", missing)}.");
        Predicted(page, beside);
        page.Lines.AddRange([
            "![Nodes as rows over time: Slurm's jobs, pods, and the little in between](images/harvest-nodes.svg)",
            "",
            "![Places for pods as rows over time: work that was kept and work that jobs cut](images/harvest-pods.svg)",
            "",
        ]);
    }

    // The replay of the very run, beside it.
    private static void Predicted(Section page, IReadOnlyList<(NamedCell Cell, DaemonsRun Run)> runs)
    {
        var pairs = runs.Select(r => (r.Cell, Real: r.Run.Figures, Replayed: r.Cell.Replay(r.Run.Options).Figures, r.Run.Options.Seed))
            .ToList();
        page.Text("The replay of the same jobs and pods, with the same times divided, predicts these runs so far:");
        page.Table(
            ["cell, seed", "H found", "H replayed", "pods ended, found", "replayed", "error", "idle node-hours, found", "replayed"],
            pairs.Select(p =>
                (IReadOnlyList<string>)
                    [
                        $"{p.Cell.Name}, {p.Seed}",
                        Percent(p.Real.Harvested),
                        Percent(p.Replayed.Harvested),
                        $"{p.Real.PodsEnded}",
                        $"{p.Replayed.PodsEnded}",
                        Percent((double)p.Replayed.PodsEnded / p.Real.PodsEnded - 1),
                        p.Real.Idle.TotalHours.ToString("0.00", CultureInfo.InvariantCulture),
                        p.Replayed.Idle.TotalHours.ToString("0.00", CultureInfo.InvariantCulture),
                    ]
            )
        );
        page.Text(
            $"The largest errors are {pairs.Max(p => Math.Abs(p.Replayed.Harvested - p.Real.Harvested) * 100).ToString("0.0", CultureInfo.InvariantCulture)} "
                + $"percentage points of H and {Percent(pairs.Max(p => Math.Abs((double)p.Replayed.PodsEnded / p.Real.PodsEnded - 1)))} of the pods ended."
        );
    }

    private static void Published(Section page, IReadOnlyList<ReplayCell> replays)
    {
        page.Lines.Add("## Beside published figures");
        var ours = replays.Select(cell => Spread.Of(cell.Runs.Select(run => run.Figures.Useful)).Median).ToList();
        Words(
            page,
            ["who", "what", "figure", "comparable with ours?"],
            [
                [
                    "The original BeBiDa",
                    "utilisation, before and with lending",
                    "70 → 100 %",
                    "no: it counts busy nodes of both; H and U count idle time only",
                ],
                [
                    "The original BeBiDa",
                    "HPC jobs wait longer",
                    "< 17 %",
                    "no: that is a job's time in the queue; ours is from its allocation to its first command",
                ],
                [
                    "The original BeBiDa",
                    "useful over total computation time",
                    "68 %",
                    $"with E: {Percent(ours.Min())} to {Percent(ours.Max())} replayed; other work, other jobs, another machine",
                ],
                ["HPC-Whisk", "idle slots that were covered", "up to 90 %", "with H; other jobs, another machine"],
            ]
        );
    }

    // Not a table of numbers: every column begins at its left.
    private static void Words(Section page, IReadOnlyList<string> head, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        page.Lines.Add($"| {string.Join(" | ", head)} |");
        page.Lines.Add($"|{string.Concat(Enumerable.Repeat("---|", head.Count))}");
        page.Lines.AddRange(rows.Select(row => $"| {string.Join(" | ", row)} |"));
        page.Lines.Add("");
    }

    private static string Percent(double share) =>
        double.IsFinite(share) ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %") : "-";
}
