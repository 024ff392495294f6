using BeBiDa.Forecasting;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>One workload, replayed with its planned nodes held, or with pods that ask how long nodes stay free.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Pods">The pods' median length.</param>
/// <param name="Lead">How long before its start a planned node is held.</param>
/// <param name="Asks">Whether pods begin only where the label says that they have the time (<c>nodes.freeSeconds</c>).</param>
/// <param name="Runs">A replay from each seed.</param>
internal sealed record ForeseenCell(string Workload, TimeSpan Pods, TimeSpan Lead, bool Asks, IReadOnlyList<ForeseenRun> Runs)
{
    private static readonly TimeSpan s_short = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_long = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(1);

    // Long pods have the most to lose.
    private static readonly (TimeSpan Pods, TimeSpan Lead, bool Asks)[] s_cells =
    [
        (s_long, TimeSpan.Zero, false),
        (s_long, s_soon, false),
        (s_long, TimeSpan.FromMinutes(2), false),
        (s_long, TimeSpan.FromMinutes(10), false),
        (s_long, TimeSpan.Zero, true),
        (s_long, s_soon, true),
        (s_short, TimeSpan.Zero, false),
        (s_short, TimeSpan.Zero, true),
    ];

    /// <summary>Replays every workload with each lead, and with pods that ask how long nodes stay free.</summary>
    /// <param name="settings">Of what size.</param>
    /// <param name="given">A trace that somebody gave, beside those of this tree; may be null.</param>
    public static IEnumerable<ForeseenCell> All(ReplaySettings settings, (string Name, IReadOnlyList<TraceJob> Jobs)? given)
    {
        var workloads = Traces.Workload.All.Select(w =>
            (w.Name, Make: (Func<int, IReadOnlyList<TraceJob>>)(seed => w.Make(settings.Nodes, settings.Days, seed)))
        );
        if (given is { } trace)
            workloads = workloads.Append((trace.Name, _ => trace.Jobs));
        foreach (var (name, make) in workloads)
        {
            var traces = settings.Seeds.Select(seed => (seed, Jobs: make(seed))).ToList();
            foreach (var (pods, lead, asks) in s_cells)
            {
                var model = ReplaySettings.Model(pods, TimeSpan.Zero);
                yield return new ForeseenCell(
                    name,
                    pods,
                    lead,
                    asks,
                    [.. traces.Select(t => ForeseenRun.Of(t.Jobs, settings.Nodes, model, lead, asks, t.seed))]
                );
            }
        }
    }
}

/// <summary>What holding planned nodes was worth in one replay.</summary>
/// <param name="Harvested">H.</param>
/// <param name="Used">U.</param>
/// <param name="Useful">E, where pods that are not ended by a job save their work.</param>
/// <param name="EndedPerIdleNodeHour">Pods that a job ended before their work was done.</param>
/// <param name="Foreseen">Of the nodes that were lent until a job took them, the share that was held for it by 30 s or more.</param>
/// <param name="Leads">For how long nodes were held for jobs that came, in seconds, in order of size.</param>
/// <param name="Wasted">The share of idle time in which nodes were held for jobs that did not come as planned.</param>
internal sealed record ForeseenRun(
    double Harvested,
    double Used,
    double Useful,
    double EndedPerIdleNodeHour,
    double Foreseen,
    IReadOnlyList<double> Leads,
    double Wasted
)
{
    private const double Enough = 30;

    /// <summary>Replays a trace.</summary>
    public static ForeseenRun Of(IReadOnlyList<TraceJob> jobs, int nodes, LendingModel model, TimeSpan lead, bool asks, int seed)
    {
        var promises = asks ? new Promises(nodes) : null;
        var foreseeing = new Foreseeing(nodes, lead, ReplaySettings.Pass, promises);
        var started = new Backfill(nodes, ReplaySettings.Pass, Replayed.Reaction)
        {
            Foreseeing = lead > TimeSpan.Zero || asks ? foreseeing : null,
        }.Run(jobs);
        var begin = jobs[0].Submit.TotalSeconds;
        var makespan = started.Max(job => job.End) - begin;
        var gaps = Gap.Of(nodes, makespan, started.Select((job, i) => new Occupation(job.Start - begin, job.End - begin, job.Nodes, i)));
        var times = foreseeing.Times.ToLookup(t => t.Node);
        var lent = new List<Gap>();
        List<double> leads = [];
        var (taken, foreseen, wasted) = (0, 0, 0.0);
        foreach (var gap in gaps)
        {
            var free = gap.Begin;
            var isKept = false;
            foreach (var time in times[gap.Node].OrderBy(t => t.Begin))
            {
                var (from, to) = (Math.Max(free, time.Begin - begin), Math.Min(gap.End, time.End - begin));
                if (from >= to)
                    continue;
                if (from > free)
                {
                    // With less time than that before its job, a pod saves nothing.
                    var isGentle = !time.Kept || to - from >= Enough;
                    lent.Add(new Gap(gap.Node, free, from, isGentle ? null : gap.Next, isGentle));
                }
                free = to;
                isKept = time.Kept && to >= gap.End;
                if (isKept)
                    leads.Add(to - from);
                else
                    wasted += to - from;
            }
            if (free < gap.End)
                lent.Add(gap with { Begin = free });
            if (gap.Next is null)
                continue;
            taken++;
            foreseen += isKept && leads[^1] >= Enough ? 1 : 0;
        }
        var idle = gaps.Sum(g => g.Length);
        var harvest = Forecasting.Harvest.Of(
            lent,
            started.Count,
            model,
            seed,
            promises is null ? null : (node, at) => promises.Of(node, at + begin) - model.PodStart.TotalSeconds
        );
        leads.Sort();
        return new ForeseenRun(
            harvest.Lent.TotalSeconds / idle,
            harvest.PodTime.TotalSeconds / idle,
            harvest.Useful / harvest.PodTime,
            harvest.PodsEnded / (idle / 3600),
            (double)foreseen / taken,
            leads,
            wasted / idle
        );
    }
}
