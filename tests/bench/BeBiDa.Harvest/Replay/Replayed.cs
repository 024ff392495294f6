using BeBiDa.Forecasting;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>A trace that was scheduled, lent and taken back in the engine of <c>bebidactl forecast</c>.</summary>
/// <param name="Jobs">The jobs, as they were started.</param>
/// <param name="Gaps">The gaps between them.</param>
/// <param name="Figures">What they were worth.</param>
internal sealed record Replayed(IReadOnlyList<StartedJob> Jobs, IReadOnlyList<Gap> Gaps, HarvestFigures Figures)
{
    /// <summary>How long after a job came or ended slurmctld starts the next one.</summary>
    public static readonly TimeSpan Reaction = TimeSpan.FromSeconds(0.5);

    /// <summary>Replays a trace.</summary>
    /// <param name="jobs">The trace.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="model">What pods, BeBiDa and Kubernetes are like.</param>
    /// <param name="seed">Chooses the pods' lengths.</param>
    /// <param name="interval">How often slurmctld looks for jobs to backfill.</param>
    public static Replayed Of(IReadOnlyList<TraceJob> jobs, int nodes, LendingModel model, int seed, TimeSpan interval)
    {
        var started = new Backfill(nodes, interval, Reaction).Run(jobs);
        var begin = jobs[0].Submit.TotalSeconds;
        var makespan = started.Max(job => job.End) - begin;
        var gaps = Gap.Of(nodes, makespan, started.Select((job, i) => new Occupation(job.Start - begin, job.End - begin, job.Nodes, i)));
        var harvest = Forecasting.Harvest.Of(gaps, started.Count, model, seed);
        return new Replayed(
            started,
            gaps,
            new HarvestFigures(
                harvest.Idle,
                harvest.Lent / harvest.Idle,
                harvest.PodTime / harvest.Idle,
                harvest.PodTime > TimeSpan.Zero ? harvest.Useful / harvest.PodTime : 0,
                harvest.PodsEnded,
                harvest.Waits,
                TimeSpan.FromSeconds(makespan),
                TimeSpan.FromSeconds(makespan * nodes),
                Requests: null
            )
        );
    }
}
