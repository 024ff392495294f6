namespace BeBiDa.Site.Tests;

/// <summary>What happens to a job of the mix.</summary>
internal enum Fate
{
    Batch,
    Interactive,
    Array,
    Heterogeneous,
    CancelledWhileConfiguring,
    CancelledWhileRunning,
    Requeued,
}

/// <summary>Fifty jobs as a site's users would throw them at it, three at a time, on nodes that overlap.</summary>
internal sealed class JobMix(Site site, int seed)
{
    private const int Lanes = 3;

    private static readonly IReadOnlyList<(Fate Fate, int Count)> Mix =
    [
        (Fate.Batch, 19),
        (Fate.Interactive, 12),
        (Fate.Array, 2),
        (Fate.Heterogeneous, 1),
        (Fate.CancelledWhileConfiguring, 7),
        (Fate.CancelledWhileRunning, 6),
        (Fate.Requeued, 3),
    ];

    private readonly Random random = new(seed);
    private int configuringWhenCancelled;

    /// <summary>How many jobs were cancelled before they ran.</summary>
    public int ConfiguringWhenCancelled => configuringWhenCancelled;

    /// <summary>Runs all of them to their ends, and sees that each ends as it should.</summary>
    public async Task RunAsync()
    {
        Fate[] fates = [.. Mix.SelectMany(m => Enumerable.Repeat(m.Fate, m.Count))];
        random.Shuffle(fates);
        // Drawn before any of them runs, so that a seed means the same jobs whichever lane is quicker.
        var jobs = new Queue<(Fate Fate, string[] Options, TimeSpan Time)>(fates.Select(fate => (fate, Options(), Time())));
        await Task.WhenAll(
            Enumerable
                .Range(0, Lanes)
                .Select(async _ =>
                {
                    while (Next() is var (fate, options, time))
                        await RunAsync(fate, options, time);
                })
        );

        (Fate, string[], TimeSpan)? Next()
        {
            lock (jobs)
                return jobs.TryDequeue(out var job) ? job : null;
        }
    }

    private Task RunAsync(Fate fate, string[] options, TimeSpan time) =>
        fate switch
        {
            Fate.Batch => EndsAsync(() => site.Probes.SubmitAsync(time, options), JobState.Completed),
            Fate.Interactive => InteractiveAsync(options, time),
            Fate.Array => EndsAsync(
                () => site.Probes.SubmitAsync(time, "-p", SlurmCluster.SharedPartition, "--array=1-4"),
                JobState.Completed
            ),
            Fate.Heterogeneous => EndsAsync(() => HeterogeneousAsync(time), JobState.Completed),
            Fate.CancelledWhileConfiguring => EndsAsync(() => CancelledWhileConfiguringAsync(options), JobState.Cancelled),
            Fate.CancelledWhileRunning => EndsAsync(() => CancelledWhileRunningAsync(options), JobState.Cancelled),
            _ => EndsAsync(() => RequeuedAsync(options, time), JobState.Completed),
        };

    private async Task EndsAsync(Func<Task<int>> submit, JobState state)
    {
        var job = await submit();
        foreach (var part in await site.Slurm.WaitForJobEndAsync(job))
            Assert.That(part.State, Is.EqualTo(state), $"job {part.DisplayId}");
    }

    private async Task InteractiveAsync(string[] options, TimeSpan time) => (await site.Probes.RunAsync(time, options)).EnsureSucceeded();

    private Task<int> HeterogeneousAsync(TimeSpan time)
    {
        var probe = $"{site.Probes.Script} {time.TotalMilliseconds:0}";
        return site.Slurm.SubmitAsync([
            "-N1",
            "--output=/dev/null",
            "--wrap",
            $"srun --het-group=0 {probe} & srun --het-group=1 --ntasks-per-node=1 {probe}; wait",
            ":",
            "-N2",
        ]);
    }

    private async Task<int> CancelledWhileConfiguringAsync(string[] options)
    {
        var job = await site.Probes.SubmitAsync(TimeSpan.FromMinutes(1), options);
        var state = JobState.Pending;
        await Eventually.HoldsAsync(
            $"job {job} has its nodes",
            Eventually.Patience,
            async cancel => (state = await site.Slurm.JobStateAsync(job, cancel)) != JobState.Pending
        );
        if (state == JobState.Configuring)
            Interlocked.Increment(ref configuringWhenCancelled);
        await site.Slurm.RunAsync("scancel", [$"{job}"]);
        return job;
    }

    private async Task<int> CancelledWhileRunningAsync(string[] options)
    {
        var job = await site.Probes.SubmitAsync(TimeSpan.FromMinutes(1), options);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        await site.Slurm.RunAsync("scancel", [$"{job}"]);
        return job;
    }

    private async Task<int> RequeuedAsync(string[] options, TimeSpan time)
    {
        // The first run is ended by nothing but this.
        var milliseconds = $"$([ -n \"$SLURM_RESTART_COUNT\" ] && echo {time.TotalMilliseconds:0} || echo 600000)";
        var job = await site.Slurm.SubmitAsync([
            .. options,
            "--output=/dev/null",
            "--wrap",
            $"srun --ntasks-per-node=1 {site.Probes.Script} {milliseconds}",
        ]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        (await site.Slurm.RunAsync("scontrol", ["requeue", $"{job}"])).EnsureSucceeded();
        return job;
    }

    // Two in three share their nodes.
    private string[] Options()
    {
        string[] nodes = [.. site.Slurm.Nodes];
        random.Shuffle(nodes);
        var count = random.Next(1, 5);
        string[] partition =
            random.Next(3) > 0 ? ["-p", SlurmCluster.SharedPartition, "--oversubscribe"] : ["-p", SlurmCluster.ExclusivePartition];
        return [.. partition, $"-N{count}", "-w", string.Join(',', nodes.Take(count))];
    }

    private TimeSpan Time() => TimeSpan.FromMilliseconds(random.Next(200, 1200));
}
