using BeBiDa.Forecasting;
using BeBiDa.Harvest.Daemons;
using BeBiDa.Harvest.Replay;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Page;

/// <summary>A workload that the page's runs on real daemons have.</summary>
/// <param name="Name">Its name on the page.</param>
/// <param name="Workload">Its jobs.</param>
/// <param name="Pods">The median of its pods' lengths, before they are compressed.</param>
/// <param name="Lasts">In how long its jobs come, before it is compressed.</param>
/// <param name="Runs">From which seed, and who hands nodes over, one after the other.</param>
internal sealed record NamedCell(string Name, string Workload, TimeSpan Pods, TimeSpan Lasts, IReadOnlyList<(int Seed, Way Way)> Runs)
{
    /// <summary>Both of them: jobs that come all the time, with the scripts in turn, and bursts.</summary>
    public static IReadOnlyList<NamedCell> All { get; } =
    [
        new(
            "busy",
            "short",
            TimeSpan.FromMinutes(5),
            TimeSpan.FromMinutes(40),
            [(1, Way.Plugin), (1, Way.Scripts), (2, Way.Plugin), (2, Way.Scripts), (3, Way.Plugin), (3, Way.Scripts)]
        ),
        new("bursts", "bursts", TimeSpan.FromHours(1), TimeSpan.FromHours(2), [(1, Way.Plugin)]),
    ];

    /// <summary>What one run is made of.</summary>
    public DaemonsOptions Options((int Seed, Way Way) run) =>
        new()
        {
            Pods = Pods,
            Seed = run.Seed,
            Way = run.Way,
        };

    /// <summary>Its jobs.</summary>
    public IReadOnlyList<TraceJob> Jobs(DaemonsOptions options) =>
        Traces.Workload.All.Single(w => w.Name == Workload).Make(options.Nodes, Lasts.TotalDays, options.Seed);

    /// <summary>Where a run's result is kept.</summary>
    public string File((int Seed, Way Way) run) => $"{Name}-{run.Way.ToString().ToLowerInvariant()}-{run.Seed}.json";

    /// <summary>
    /// What the replay says of a run: the same jobs and pods, with all times compressed that the run compresses. What Slurm,
    /// BeBiDa and Kubernetes take for their work is as long as ever.
    /// </summary>
    public Replayed Replay(DaemonsOptions options)
    {
        var jobs = Jobs(options)
            .Select(job =>
                job with
                {
                    Submit = options.Compressed(job.Submit),
                    Runtime = options.Compressed(job.Runtime),
                    // Slurm's limits have whole minutes.
                    Requested = TimeSpan.FromMinutes(Math.Ceiling(options.Compressed(job.Requested).TotalMinutes)),
                }
            )
            .ToList();
        var model = new LendingModel
        {
            PodLength = options.Compressed(options.Pods),
            Step = options.Compressed(options.Pods) * options.Step,
            PodsPerNode = options.Slots,
            // A release is one write; a scheduler gives a free place away in about a second.
            Return = TimeSpan.FromMilliseconds(100),
            PodStart = options.Compressed(options.PodStart) + TimeSpan.FromSeconds(0.5),
            PodEnd = options.Compressed(options.PodEnd),
        };
        return Replayed.Of(jobs, options.Nodes, model, options.Seed, TimeSpan.FromSeconds(options.Interval(30)));
    }
}
