using BeBiDa.Forecasting;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>One workload with pods of one length, replayed from several seeds.</summary>
/// <param name="Workload">The workload's name.</param>
/// <param name="Pods">The pods' median length.</param>
/// <param name="Runs">A replay from each seed.</param>
internal sealed record ReplayCell(string Workload, TimeSpan Pods, IReadOnlyList<Replayed> Runs)
{
    /// <summary>Replays every workload with pods of each length.</summary>
    /// <param name="settings">Of what size.</param>
    /// <param name="given">A trace that somebody gave, beside those of this tree; may be null.</param>
    public static IEnumerable<ReplayCell> All(ReplaySettings settings, (string Name, IReadOnlyList<TraceJob> Jobs)? given)
    {
        foreach (var workload in Traces.Workload.All)
        {
            var traces = settings.Seeds.Select(seed => (seed, Jobs: workload.Make(settings.Nodes, settings.Days, seed))).ToList();
            foreach (var pods in ReplaySettings.Pods)
                yield return new ReplayCell(workload.Name, pods, [.. traces.Select(t => settings.Replay(t.Jobs, pods, t.seed))]);
        }
        if (given is { } trace)
            foreach (var pods in ReplaySettings.Pods)
                yield return new ReplayCell(trace.Name, pods, [.. settings.Seeds.Select(seed => settings.Replay(trace.Jobs, pods, seed))]);
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

    /// <summary>The pods' median lengths.</summary>
    public static IReadOnlyList<TimeSpan> Pods { get; } = [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)];

    /// <summary>What everything takes, with pods of a length that save their work ten times.</summary>
    public static LendingModel Model(TimeSpan pods) =>
        new()
        {
            PodLength = pods,
            Step = pods / 10,
            Return = TimeSpan.FromSeconds(1),
            PodStart = TimeSpan.FromSeconds(3),
        };

    /// <summary>Replays a trace.</summary>
    public Replayed Replay(IReadOnlyList<TraceJob> jobs, TimeSpan pods, int seed) => Replayed.Of(jobs, Nodes, Model(pods), seed, Pass);
}
