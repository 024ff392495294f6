namespace BeBiDa.Harvest.Daemons;

/// <summary>The figures, from what was seen. All moments count from the run's beginning, the first job's submission.</summary>
internal static class Measures
{
    /// <summary>What lending was worth from the run's beginning to its end.</summary>
    /// <param name="stretches">What the looks tell, within the run.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="jobs">The jobs.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="slots">How many pods a node takes.</param>
    /// <param name="end">The last job's end.</param>
    /// <param name="requests">Requests in the run, of who hands over.</param>
    public static HarvestFigures Of(
        IReadOnlyList<Stretch> stretches,
        IReadOnlyList<PodLife> pods,
        IReadOnlyList<JobLife> jobs,
        int nodes,
        int slots,
        TimeSpan end,
        long? requests
    )
    {
        var idle = Sum(stretches.Where(IsIdle).Select(stretch => stretch.Time));
        var lent = Sum(stretches.Where(stretch => IsIdle(stretch) && stretch.Look.Lent).Select(stretch => stretch.Time));
        var work = pods.Select(pod => Work(pod, end)).ToList();
        var (time, kept) = (Sum(work.Select(w => w.Time)), Sum(work.Select(w => w.Kept)));
        return new HarvestFigures(
            idle,
            Share(lent, idle),
            PodTime(stretches, pods, slots),
            Share(kept, time),
            pods.Count(pod => pod.End == PodEnd.Cut && (pod.Told ?? pod.Ended) is { } cut && cut >= TimeSpan.Zero && cut <= end),
            [.. jobs.Select(job => job.Began - job.Allocated).OfType<TimeSpan>().Order()],
            end,
            nodes * end,
            requests
        );
    }

    // A pod counts while its node is idle: what stays there beside a job is no harvest.
    private static double PodTime(IReadOnlyList<Stretch> stretches, IReadOnlyList<PodLife> pods, int slots)
    {
        var onNode = pods.ToLookup(pod => pod.Node);
        var idle = stretches.Where(IsIdle).ToList();
        return Share(
            Sum(idle.SelectMany(s => onNode[s.Node].Select(pod => Overlap(pod.Started, pod.Ended, s.From, s.To)))),
            slots * Sum(idle.Select(stretch => stretch.Time))
        );
    }

    /// <summary>U by the looks alone: the pods that each saw running.</summary>
    public static double PodTimeSeen(IReadOnlyList<Stretch> stretches, int slots) =>
        Share(
            Sum(stretches.Select(stretch => stretch.Time * stretch.Look.Pods)),
            slots * Sum(stretches.Where(IsIdle).Select(stretch => stretch.Time))
        );

    /// <summary>Pods and schedulable nodes beside a job's own command. A look counts if question and answers lie within it.</summary>
    public static Beside Beside(IReadOnlyList<Look> looks, IReadOnlyList<PodLife> pods, IReadOnlyList<JobLife> jobs)
    {
        var onNode = pods.ToLookup(pod => pod.Node);
        var podTime = TimeSpan.Zero;
        var (seen, schedulable) = (0, 0);
        foreach (var job in jobs)
        {
            if (job is not { Began: { } began, Ended: { } ended })
                continue;
            podTime += Sum(job.Nodes.SelectMany(node => onNode[node]).Select(pod => Overlap(pod.Started, pod.Ended, began, ended)));
            foreach (var look in looks.Where(look => look.Asked >= began && look.Answered <= ended))
            {
                seen += job.Nodes.Count;
                schedulable += job.Nodes.Count(node => look.Nodes.TryGetValue(node, out var one) && one.Lent);
            }
        }
        return new Beside(podTime, seen, schedulable);
    }

    /// <summary>
    /// A pod's time in the run, and how much of it was work kept. Of a pod whose work was done all was. Of one that was cut, the
    /// steps until it was told to end. Of one that outlasts the run only whole steps count, either way: what becomes of the
    /// step at the run's end is not known.
    /// </summary>
    private static (TimeSpan Time, TimeSpan Kept) Work(PodLife pod, TimeSpan end)
    {
        if (pod.Started is not { } started || started >= end)
            return default;
        var outlasts = pod.Ended is null || pod.Ended > end;
        var kept = (outlasts, pod.End) switch
        {
            (true, _) => started + pod.KeptBy(Earlier(pod.Told, end)),
            (_, PodEnd.Done) => pod.Ended!.Value,
            _ => started + pod.KeptBy(Earlier(pod.Told, pod.Ended!.Value)),
        };
        return (Overlap(started, outlasts ? kept : pod.Ended, TimeSpan.Zero, end), Overlap(started, kept, TimeSpan.Zero, end));
    }

    private static TimeSpan Earlier(TimeSpan? one, TimeSpan other) => one < other ? one.Value : other;

    private static bool IsIdle(Stretch stretch) => stretch.Look.Slurm == SlurmState.Idle;

    private static TimeSpan Overlap(TimeSpan? from, TimeSpan? to, TimeSpan begin, TimeSpan end)
    {
        if (from is null)
            return TimeSpan.Zero;
        var (first, last) = (from > begin ? from.Value : begin, to < end ? to.Value : end);
        return last > first ? last - first : TimeSpan.Zero;
    }

    private static double Share(TimeSpan part, TimeSpan whole) => whole > TimeSpan.Zero ? part / whole : 0;

    private static TimeSpan Sum(IEnumerable<TimeSpan> times) => times.Aggregate(TimeSpan.Zero, (sum, time) => sum + time);
}
