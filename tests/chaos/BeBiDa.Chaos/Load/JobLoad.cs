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
    private readonly List<string> late = [];
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

    /// <summary>Jobs that were waited for no longer, as Slurm showed them and its nodes then.</summary>
    public IReadOnlyList<string> Late
    {
        get
        {
            lock (guard)
                return [.. late];
        }
    }

    /// <summary>Submits jobs until there are enough; returns when those under way have ended, or had their time.</summary>
    /// <param name="enough">No more jobs are submitted then.</param>
    /// <param name="stop">Ends all waiting.</param>
    public Task RunAsync(CancellationToken enough, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, options.Lanes).Select(_ => LaneAsync(enough, stop)));

    /// <summary>Runs one job to its end, or to its bound: nothing that is waited for here may last longer.</summary>
    public async Task RunAsync(PlannedJob job, CancellationToken stop)
    {
        lock (guard)
            submissions.Add(new Submission(job, DateTimeOffset.UtcNow));
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bound.CancelAfter(options.JobBound);
        try
        {
            if (job.Fate == Fate.Interactive)
                await InteractiveAsync(job, bound.Token);
            else
                await BatchAsync(job, bound.Token);
            await OverAsync(job, bound.Token);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            // What is not over in the end is counted then.
            await NoteLateAsync(job, stop);
        }
        catch (LabException refusal)
        {
            lock (guard)
                refusals.Add($"{job.Name}: {refusal.Message}");
        }
    }

    private async Task LaneAsync(CancellationToken enough, CancellationToken stop)
    {
        while (!enough.IsCancellationRequested && Next() is { } job)
            await RunAsync(job, stop);
    }

    private PlannedJob? Next()
    {
        lock (guard)
            return plan.TryDequeue(out var job) ? job : null;
    }

    private async Task BatchAsync(PlannedJob job, CancellationToken stop)
    {
        string[] array = job.Fate == Fate.Array ? [$"--array=1-{job.Tasks}"] : [];
        // One that is to be cancelled would not end by itself.
        var time = job.Fate == Fate.Cancelled ? TimeSpan.FromMinutes(2) : job.Time;
        var id = await gate.ThroughAsync(
            () => site.Probes.SubmitAsync(time, ["--requeue", $"--job-name={job.Name}", .. array, .. job.Options], stop),
            stop
        );
        if (job.Fate == Fate.Cancelled)
        {
            await Task.Delay(job.Patience, stop);
            await CommandAsync(job, stop, "scancel", $"{id}");
        }
        else if (job.Fate == Fate.Requeued)
        {
            await SeenAsync(job, "runs", life => life.Last.State == JobState.Running || life.Last.State.IsOver(), stop);
            if (!IsOver(job))
                await CommandAsync(job, stop, "scontrol", "requeue", $"{id}");
        }
    }

    // Through the gate only until slurmctld knows it. Its limit is for a job whose end slurmctld had not written down when
    // it was killed: nobody else would tell it. Nor does anybody tell srun of an end whose message died with slurmctld, or of
    // a node that does not come: so the job is watched, not srun.
    private async Task InteractiveAsync(PlannedJob job, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            var srun = await gate.ThroughAsync(
                async () =>
                {
                    var started = site.Probes.RunAsync(job.Time, [$"--job-name={job.Name}", .. job.Options], over.Token);
                    await Task.WhenAny(started, SeenAsync(job, "is known to slurmctld", _ => true, over.Token));
                    return started;
                },
                stop
            );
            if (await Task.WhenAny(srun, OverAsync(job, over.Token)) == srun && jobs.History.Of(job.Name).Count == 0)
                (await srun).EnsureSucceeded();
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    private async Task CommandAsync(PlannedJob job, CancellationToken stop, string command, params string[] arguments)
    {
        var result = await gate.ThroughAsync(() => site.Slurm.RunAsync(command, arguments, stop), stop);
        // It may have ended just then.
        if (result.ExitCode != 0)
            await SeenAsync(
                job,
                $"is over, since {result.Command} says {result.StandardError.Trim()}",
                life => life.Last.State.IsOver(),
                stop
            );
    }

    private async Task NoteLateAsync(PlannedJob job, CancellationToken stop)
    {
        var queue = await SlurmQueue.JobsAsync(site.Slurm, stop);
        var what =
            $"{job.Name} ({job.Fate}), {options.JobBound.TotalMinutes:0} min after it was submitted: {string.Join("; ", queue.Where(line => line.Contains($" {job.Name} ", StringComparison.Ordinal)))}; nodes: {string.Join("; ", await SlurmQueue.UnfreeNodesAsync(site.Slurm, stop))}";
        options.Say(what);
        lock (guard)
            late.Add(what);
    }

    private Task SeenAsync(PlannedJob job, string what, Func<Life, bool> condition, CancellationToken stop) =>
        Eventually.HoldsAsync($"{job.Name} {what}", Patience, _ => Task.FromResult(jobs.History.Of(job.Name).Any(condition)), stop);

    private Task OverAsync(PlannedJob job, CancellationToken stop) =>
        Eventually.HoldsAsync($"{job.Name} is over", options.JobBound, _ => Task.FromResult(IsOver(job)), stop);

    private bool IsOver(PlannedJob job) =>
        jobs.History.Of(job.Name) is var lives && lives.Count == job.Tasks && lives.All(life => life.Last.State.IsOver());
}
