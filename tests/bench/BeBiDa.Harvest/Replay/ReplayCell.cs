using BeBiDa.Forecasting;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>One workload with pods of one length, replayed from several seeds.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Pods">The pods' median length.</param>
/// <param name="Linger">How long nodes are kept for the next job.</param>
/// <param name="Runs">A replay from each seed.</param>
internal sealed record ReplayCell(string Workload, TimeSpan Pods, TimeSpan Linger, IReadOnlyList<Replayed> Runs)
{
    /// <summary>Replays every workload with pods of each length.</summary>
    /// <param name="settings">Of what size.</param>
    /// <param name="given">A trace that somebody gave, beside those of this tree; may be null.</param>
    public static IEnumerable<ReplayCell> All(ReplaySettings settings, (string Name, IReadOnlyList<TraceJob> Jobs)? given)
    {
        foreach (var workload in Traces.Workload.All)
        {
            var traces = settings.Seeds.Select(seed => (seed, Jobs: workload.Make(settings.Nodes, settings.Days, seed))).ToList();
            foreach (var (pods, linger) in ReplaySettings.Cells)
                yield return new ReplayCell(
                    workload.Name,
                    pods,
                    linger,
                    [.. traces.Select(t => settings.Replay(t.Jobs, pods, linger, t.seed))]
                );
        }
        if (given is { } trace)
            foreach (var (pods, linger) in ReplaySettings.Cells)
                yield return new ReplayCell(
                    trace.Name,
                    pods,
                    linger,
                    [.. settings.Seeds.Select(seed => settings.Replay(trace.Jobs, pods, linger, seed))]
                );
    }
}

/// <summary>How large replays are.</summary>
/// <param name="Nodes">How many nodes the cluster has.</param>
/// <param name="Days">How many days' jobs a trace has.</param>
/// <param name="Seeds">What traces and pods are made from.</param>
internal sealed record ReplaySettings(int Nodes, double Days, IReadOnlyList<int> Seeds)
{
    /// <summary>What the page's replays are of.</summary>
    public static ReplaySettings Usual { get; } = new(Nodes: 64, Days: 7, Seeds: [1, 2, 3]);

    /// <summary>How often slurmctld looks for jobs to backfill, by default (slurm.conf(5), bf_interval).</summary>
    public static readonly TimeSpan Pass = TimeSpan.FromSeconds(30);

    /// <summary>The pods' median lengths, and how long nodes are kept for the next job.</summary>
    public static IReadOnlyList<(TimeSpan Pods, TimeSpan Linger)> Cells { get; } =
    [
        (TimeSpan.FromSeconds(30), TimeSpan.Zero),
        (TimeSpan.FromMinutes(5), TimeSpan.Zero),
        (TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5)),
        (TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(30)),
        (TimeSpan.FromHours(1), TimeSpan.Zero),
    ];

    /// <summary>What everything takes, with pods of a length that save their work ten times.</summary>
    public static LendingModel Model(TimeSpan pods, TimeSpan linger) =>
        new()
        {
            Linger = linger,
            PodLength = pods,
            Step = pods / 10,
            Return = TimeSpan.FromSeconds(1),
            PodStart = TimeSpan.FromSeconds(3),
        };

    /// <summary>Replays a trace.</summary>
    public Replayed Replay(IReadOnlyList<TraceJob> jobs, TimeSpan pods, TimeSpan linger, int seed) =>
        Replayed.Of(jobs, Nodes, Model(pods, linger), seed, Pass);
}
