using BeBiDa.Chaos.Observation;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Load;

/// <summary>A job that was submitted.</summary>
public sealed record Submission(PlannedJob Job, DateTimeOffset At);

/// <summary>Lanes that submit one planned job after the other, each as the one before has ended.</summary>
public sealed class JobLoad(Site.Site site, JobFollower jobs, Gate gate, ChaosOptions options)
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private readonly Queue<PlannedJob> plan = new(JobPlan.Draw(options));
    private readonly List<Submission> submissions = [];
    private readonly List<string> refusals = [];
    private readonly Lock guard = new();

    /// <summary>All that were submitted.</summary>
    public IReadOnlyList<Submission> Submissions
    {
        get
        {
            lock (guard)
                return [.. submissions];
        }
    }

    /// <summary>What Slurm would not do.</summary>
    public IReadOnlyList<string> Refusals
    {
        get
        {
            lock (guard)
                return [.. refusals];
        }
    }

    /// <summary>Submits jobs until told to stop; returns when those under way have ended, or had their time.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, options.Lanes).Select(_ => LaneAsync(stop)));

    /// <summary>Runs one job to its end.</summary>
    public async Task RunAsync(PlannedJob job)
    {
        lock (guard)
            submissions.Add(new Submission(job, DateTimeOffset.UtcNow));
        try
        {
            if (job.Fate == Fate.Interactive)
                await InteractiveAsync(job);
            else
                await BatchAsync(job);
            await Eventually.HoldsAsync($"{job.Name} is over", options.JobBound, _ => Task.FromResult(IsOver(job)));
        }
        catch (TimeoutException)
        {
            // What is not over in the end is counted then.
        }
        catch (LabException refusal)
        {
            lock (guard)
                refusals.Add($"{job.Name}: {refusal.Message}");
        }
    }

    private async Task LaneAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && Next() is { } job)
            await RunAsync(job);
    }

    private PlannedJob? Next()
    {
        lock (guard)
            return plan.TryDequeue(out var job) ? job : null;
    }

    private async Task BatchAsync(PlannedJob job)
    {
        string[] array = job.Fate == Fate.Array ? [$"--array=1-{job.Tasks}"] : [];
        // One that is to be cancelled would not end by itself.
        var time = job.Fate == Fate.Cancelled ? TimeSpan.FromMinutes(2) : job.Time;
        var id = await gate.ThroughAsync(() =>
            site.Probes.SubmitAsync(time, ["--requeue", $"--job-name={job.Name}", .. array, .. job.Options])
        );
        if (job.Fate == Fate.Cancelled)
        {
            await Task.Delay(job.Patience);
            await CommandAsync(job, "scancel", $"{id}");
        }
        else if (job.Fate == Fate.Requeued)
        {
            await SeenAsync(job, "runs", life => life.Last.State == JobState.Running || life.Last.State.IsOver());
            if (!IsOver(job))
                await CommandAsync(job, "scontrol", "requeue", $"{id}");
        }
    }

    // Through the gate only until slurmctld knows it. Its limit is for a job whose end slurmctld had not written down when
    // it was killed: nobody else would tell it.
    private async Task InteractiveAsync(PlannedJob job)
    {
        var srun = await gate.ThroughAsync(async () =>
        {
            var started = site.Probes.RunAsync(job.Time, [$"--job-name={job.Name}", "--time=1", .. job.Options]);
            await Task.WhenAny(started, SeenAsync(job, "is known to slurmctld", _ => true));
            return started;
        });
        var result = await srun;
        if (jobs.History.Of(job.Name).Count == 0)
            result.EnsureSucceeded();
    }

    private async Task CommandAsync(PlannedJob job, string command, params string[] arguments)
    {
        var result = await gate.ThroughAsync(() => site.Slurm.RunAsync(command, arguments));
        // It may have ended just then.
        if (result.ExitCode != 0)
            await SeenAsync(job, $"is over, since {result.Command} says {result.StandardError.Trim()}", life => life.Last.State.IsOver());
    }

    private Task SeenAsync(PlannedJob job, string what, Func<Life, bool> condition) =>
        Eventually.HoldsAsync($"{job.Name} {what}", Patience, _ => Task.FromResult(jobs.History.Of(job.Name).Any(condition)));

    private bool IsOver(PlannedJob job) =>
        jobs.History.Of(job.Name) is var lives && lives.Count == job.Tasks && lives.All(life => life.Last.State.IsOver());
}
