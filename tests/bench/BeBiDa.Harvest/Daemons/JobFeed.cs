using System.Globalization;
using BeBiDa.Harvest.Traces;
using BeBiDa.Lab;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Submits the jobs of a trace at their times, and waits until all have ended.</summary>
internal sealed class JobFeed
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_told = TimeSpan.FromSeconds(30);

    private readonly SlurmCluster _slurm;
    private readonly DaemonsOptions _options;
    private readonly IReadOnlyList<TraceJob> _jobs;
    private readonly Action<string> _say;
    private readonly string _began;
    private readonly string _script;
    private readonly List<(TraceJob Job, int Id, DateTimeOffset Submitted)> _submitted = [];

    public JobFeed(SlurmCluster slurm, DaemonsOptions options, IReadOnlyList<TraceJob> jobs, Action<string> say)
    {
        (_slurm, _options, _jobs, _say) = (slurm, options, [.. jobs.OrderBy(job => job.Submit).ThenBy(job => job.Number)], say);
        _began = Directory.CreateDirectory(Path.Combine(slurm.Directory, "jobs", "began")).FullName;
        _script = Path.Combine(slurm.Directory, "jobs", "job.sh");
        // EPOCHREALTIME is bash's own: no process is started for a time stamp.
        File.WriteAllText(
            _script,
            $"""
            #!/bin/bash
            echo "$EPOCHREALTIME $SLURM_JOB_NODELIST" >> {_began}/$SLURM_JOB_ID
            exec sleep "$1"

            """
        );
    }

    /// <summary>The longest time from when a job was to be submitted until sbatch had done it.</summary>
    public TimeSpan Latest { get; private set; }

    /// <summary>How much longer the jobs' limits are in Slurm than in the trace, in the mean.</summary>
    public double LimitFactor =>
        _jobs
            .Select(job => TimeSpan.FromMinutes(SlurmSettings.LimitMinutes(_options, job.Requested)) / _options.Compressed(job.Requested))
            .DefaultIfEmpty(1)
            .Average();

    /// <summary>Submits all of them, the first one now, and returns when Slurm has none left.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var origin = DateTimeOffset.UtcNow;
        foreach (var job in _jobs)
        {
            var at = origin + _options.Compressed(job.Submit - _jobs[0].Submit);
            if (at - DateTimeOffset.UtcNow is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait, stop);
            var now = DateTimeOffset.UtcNow;
            var id = await _slurm.SubmitAsync(
                [
                    "--exclusive",
                    $"--job-name=t{job.Number}",
                    $"--nodes={job.Nodes}",
                    $"--time={SlurmSettings.LimitMinutes(_options, job.Requested)}",
                    "--output=/dev/null",
                    _script,
                    _options.Compressed(job.Runtime).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture),
                ],
                stop
            );
            var late = DateTimeOffset.UtcNow - at;
            Latest = late > Latest ? late : Latest;
            _submitted.Add((job, id, now));
        }
        _say($"all {_jobs.Count} jobs are submitted; those left are waited for");
        await WaitUntilNoneIsLeftAsync(stop);
    }

    /// <summary>How the jobs went, with moments from the first one's submission on, and that moment.</summary>
    public async Task<(IReadOnlyList<JobLife> Jobs, DateTimeOffset Origin)> LivesAsync(CancellationToken stop)
    {
        var origin = _submitted.Min(job => job.Submitted);
        var log = new SlurmctldLog(_slurm.Controller.ReadLog());
        var states = (await _slurm.JobsAsync(stop)).ToDictionary(job => job.Id, job => $"{job.State}".ToUpperInvariant());
        var lives = new List<JobLife>();
        foreach (var (job, id, submitted) in _submitted)
        {
            var (began, nodes) = await BeganAsync(id, stop);
            var allocations = log.Allocations(id);
            lives.Add(
                new JobLife(
                    job.Number,
                    id,
                    submitted - origin,
                    allocations.Count > 0 ? allocations[0] - origin : null,
                    began - origin,
                    log.End(id) - origin,
                    nodes,
                    allocations.Count,
                    states.GetValueOrDefault(id, "UNKNOWN")
                )
            );
        }
        return (lives, origin);
    }

    private async Task WaitUntilNoneIsLeftAsync(CancellationToken stop)
    {
        // Longer than if each waited for all others; nothing waits so long but what is stuck.
        var bound =
            DateTimeOffset.UtcNow
            + TimeSpan.FromMinutes(5)
            + 2 * _jobs.Aggregate(TimeSpan.Zero, (sum, job) => sum + _options.Compressed(job.Runtime));
        for (var told = DateTimeOffset.UtcNow; ; await Task.Delay(s_pause, stop))
        {
            var left = (await _slurm.RunAsync("squeue", ["-h", "-o", "%j %T (%r)"], stop))
                .EnsureSucceeded()
                .StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (left.Length == 0)
                return;
            if (DateTimeOffset.UtcNow > bound)
                throw new LabException($"{left.Length} jobs do not end: {string.Join(", ", left.Take(5))}");
            if (DateTimeOffset.UtcNow - told < s_told)
                continue;
            told = DateTimeOffset.UtcNow;
            _say($"{left.Length} jobs left: {string.Join(", ", left.Take(3))}");
        }
    }

    private async Task<(DateTimeOffset? Began, IReadOnlyList<string> Nodes)> BeganAsync(int id, CancellationToken stop)
    {
        var file = Path.Combine(_began, $"{id}");
        if (!File.Exists(file))
            return (null, []);
        // A requeued job begins more than once; what it waited counts until the first.
        var words = File.ReadLines(file).First().Split(' ');
        var began =
            DateTimeOffset.UnixEpoch
            + TimeSpan.FromMicroseconds((double)(decimal.Parse(words[0], CultureInfo.InvariantCulture) * 1_000_000m));
        var nodes = (await _slurm.RunAsync("scontrol", ["show", "hostnames", words[1]], stop)).EnsureSucceeded();
        return (began, nodes.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
