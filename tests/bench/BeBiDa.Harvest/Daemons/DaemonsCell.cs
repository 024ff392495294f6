using BeBiDa.Harvest.Traces;
using BeBiDa.Lab;

namespace BeBiDa.Harvest.Daemons;

/// <summary>One run of a trace on real daemons: a site, a queue of pods, the jobs, and an observer of its own.</summary>
internal static class DaemonsCell
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs it to the last job's end.</summary>
    /// <exception cref="LabException">A daemon ended, or did not start, or the jobs do not end: it says which.</exception>
    public static async Task<DaemonsRun> RunAsync(
        DaemonsOptions options,
        IReadOnlyList<TraceJob> jobs,
        Action<string> say,
        CancellationToken stop = default
    )
    {
        if (jobs.FirstOrDefault(job => job.Nodes > options.Nodes) is { } large)
            throw new LabException($"job {large.Number} of the trace takes {large.Nodes} nodes, and there are {options.Nodes}");
        say($"{options.Nodes} nodes, way {options.Way.ToString().ToLowerInvariant()}: daemons start");
        await using var site = await LendingSite.StartAsync(options, stop);
        var pods = new PodWatch(site.Pods);
        var queue = new PodQueue(site, pods, options);
        var observer = new Observer(site, pods);
        site.Pods.Start();

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        List<Task> others = [observer.RunAsync(enough.Token)];
        if (options.Way != Way.None)
            others.Add(queue.RunAsync(enough.Token));
        var feed = new JobFeed(site.Slurm, options, jobs, say);
        var (begin, requests) = (DateTimeOffset.UtcNow, (long?)null);
        try
        {
            await UntilAsync(StoryAsync(enough.Token), others, enough);
        }
        catch (Exception) when (!stop.IsCancellationRequested)
        {
            // Whatever failed, a daemon that has ended is why.
            site.EnsureAllRun();
            throw;
        }

        var (lives, origin) = jobs.Count > 0 ? await feed.LivesAsync(stop) : ([], begin);
        return Assemble(options, site, observer, pods, feed, lives, origin, requests);

        async Task StoryAsync(CancellationToken token)
        {
            if (options.Way != Way.None)
                await Eventually.HoldsAsync(
                    "pods have nine slots of ten",
                    s_patience,
                    _ => Task.FromResult(pods.OnNodes >= 0.9 * options.Nodes * options.Slots),
                    token,
                    () => $"{pods.OnNodes} pods have a node, {queue.Waiting} wait; {site.Kubernetes}."
                );
            var before = site.Requests;
            begin = DateTimeOffset.UtcNow;
            say($"{pods.OnNodes} pods have a node; {jobs.Count} jobs come");
            if (jobs.Count > 0)
                await feed.RunAsync(token);
            else
                await Task.Delay(options.Compressed(options.WithoutJobs), token);
            requests = site.Requests - before;
            // One look more, that speaks for the end.
            await Task.Delay(TimeSpan.FromSeconds(1.5), token);
        }
    }

    // The first that fails ends all, and is what is thrown.
    private static async Task UntilAsync(Task story, IReadOnlyList<Task> others, CancellationTokenSource enough)
    {
        var first = await Task.WhenAny([story, .. others]);
        await enough.CancelAsync();
        await Task.WhenAll([story, .. others]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private static DaemonsRun Assemble(
        DaemonsOptions options,
        LendingSite site,
        Observer observer,
        PodWatch watch,
        JobFeed feed,
        IReadOnlyList<JobLife> jobs,
        DateTimeOffset origin,
        long? requests
    )
    {
        var looks = observer.Looks(origin);
        var end = jobs.Count > 0 ? jobs.Max(job => job.Ended ?? TimeSpan.Zero) : options.Compressed(options.WithoutJobs);
        var pods = watch.Lives(origin);
        var stretches = Stretch.Of(looks, end);
        var (load, own, busy) = observer.Load(origin);
        return new DaemonsRun(
            options,
            Measures.Of(stretches, pods, jobs, options.Nodes, options.Slots, end, requests),
            Measures.Beside(looks, pods, jobs),
            new Circumstances(
                $"{SlurmInstallation.Release.Major}.{SlurmInstallation.Release.Minor:00}",
                site.Kubernetes,
                looks.Count,
                looks.Zip(looks.Skip(1), (one, next) => next.Time - one.Time).DefaultIfEmpty().Max(),
                looks.Max(look => look.Answered - look.Asked),
                feed.Latest,
                feed.LimitFactor,
                load,
                own,
                busy,
                stretches.Aggregate(TimeSpan.Zero, (sum, stretch) => sum + stretch.Time),
                Measures.PodTimeSeen(stretches, options.Slots)
            ),
            [.. jobs.SelectMany(Problems)],
            jobs,
            [.. pods.Where(pod => pod.Bound < end && !(pod.Ended < TimeSpan.Zero))],
            Stretch.Owners(stretches)
        );
    }

    private static IEnumerable<string> Problems(JobLife job)
    {
        if (job.State != "COMPLETED")
            yield return $"job {job.Number} (Slurm's {job.Id}) ended {job.State}";
        if (job.Allocations != 1)
            yield return $"job {job.Number} (Slurm's {job.Id}) was given nodes {job.Allocations} times";
        if (job.Began is null || job.Ended is null)
            yield return $"job {job.Number} (Slurm's {job.Id}): its {(job.Began is null ? "first command" : "end")} was not seen";
    }
}
