namespace BeBiDa.Harvest.Daemons;

/// <summary>Slurm's settings for a compressed trace.</summary>
internal static class SlurmSettings
{
    /// <summary>Lines of slurm.conf: the scheduler's intervals are Slurm's defaults, as much shorter as the jobs are.</summary>
    public static IReadOnlyList<string> Of(DaemonsOptions options) =>
        [
            $"SchedulerParameters=bf_interval={options.Interval(30)},bf_resolution={options.Interval(60)},"
                + $"sched_interval={options.Interval(60)},batch_sched_delay={options.Interval(3)}",
            $"KillWait={options.Interval(30)}",
            // Ended jobs stay in squeue, which is asked for how they ended.
            "MinJobAge=1000000",
            // A limit is whole minutes, which may be little more than a compressed job takes.
            "OverTimeLimit=1",
        ];

    /// <summary>A job's limit for sbatch, in minutes, since Slurm knows no shorter ones: backfill sees jobs of less than one as longer than users said.</summary>
    public static int LimitMinutes(DaemonsOptions options, TimeSpan requested) =>
        Math.Max(1, (int)Math.Ceiling(options.Compressed(requested).TotalMinutes));
}
