using System.Globalization;

namespace BeBiDa.Harvest.Daemons;

/// <summary>A run in a few lines, for people.</summary>
internal static class Summary
{
    /// <summary>What it came to.</summary>
    public static string Of(DaemonsRun run)
    {
        var (options, figures, seen) = (run.Options, run.Figures, run.Circumstances);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {options.Nodes} nodes, {run.Jobs.Count} jobs, way {options.Way.ToString().ToLowerInvariant()}, times divided by {options.Compress}, pods' median {Duration.Format(
                options.Pods
            )}, {options.Slots} slots, seed {options.Seed}
            Slurm {seen.Slurm}; {seen.Kubernetes}
            idle {figures.Idle.TotalSeconds:0.0} of {figures.NodeTime.TotalSeconds:0.0} node-seconds ({seen.NodeTimeSeen.TotalSeconds:0.0} seen), makespan {figures.Makespan.TotalSeconds:0.0} s
            H {figures.Harvested:0.0000}  U {figures.PodTime:0.0000} (by looks alone {seen.PodTimeSeen:0.0000})  E {figures.Useful:0.0000}
            pods ended {figures.PodsEnded} of {run.Pods.Count}: {figures.EndedPerIdleNodeHour:0.0} for each idle node-hour of the run
            waits: median {Milliseconds(figures.Wait(0.5))}, 95 of 100 {Milliseconds(figures.Wait(0.95))}, longest {Milliseconds(figures.Wait(1))}
            {Foreseen(run)}
            requests {figures.Requests?.ToString(CultureInfo.InvariantCulture) ?? "not counted"} ({figures.RequestsPerNodeHour:0} for each node-hour of the run)
            beside jobs' commands: {run.Beside.PodTime.TotalSeconds:0.000} s of pods; nodes schedulable at {run.Beside.Schedulable} of {run.Beside.Looks} looks
            {seen.Looks} looks, longest gap {seen.LongestGap.TotalSeconds:0.000} s, longest look {Milliseconds(seen.LongestLook)}, latest submission {Milliseconds(seen.LatestSubmission)}, limits {seen.LimitFactor:0.0} times the trace's; load {seen.MeanLoad:0.0}, processors busy {seen.Busy:0%}, {seen.Own:0%} by this run
            {(run.Problems.Count == 0 ? "no problems" : string.Join('\n', run.Problems))}
            """
        );
    }

    // Held for it, as the looks tell: one of its nodes was nobody's before it, and none was Kubernetes'.
    private static string Foreseen(DaemonsRun run)
    {
        var jobs = run
            .Jobs.Where(job => job.Began is not null && job.Allocated is not null)
            .Select(job =>
                (
                    Wait: job.Began!.Value - job.Allocated!.Value,
                    Owners: job.Nodes.Select(node =>
                            run.Stretches.LastOrDefault(s => s.Node == node && s.Owner != Owner.Job && s.From < job.Allocated.Value)
                        )
                        .OfType<OwnerStretch>()
                        .Where(s => s.To >= job.Allocated!.Value - TimeSpan.FromSeconds(2))
                        .Select(s => s.Owner)
                        .ToList()
                )
            )
            .ToList();
        var foreseen = jobs.Where(job => job.Owners.Contains(Owner.Withheld) && job.Owners.All(owner => owner == Owner.Withheld)).ToList();
        var others = jobs.Where(job => job.Owners.Any(owner => owner is Owner.Pods or Owner.Lent)).ToList();
        return $"{Waits("foreseen", foreseen.Select(job => job.Wait))}; {Waits("with lent nodes", others.Select(job => job.Wait))}";
    }

    private static string Waits(string what, IEnumerable<TimeSpan> waits)
    {
        TimeSpan[] sorted = [.. waits.Order()];
        return sorted.Length == 0
            ? $"no jobs {what}"
            : $"{sorted.Length} jobs {what} waited {Milliseconds(sorted[sorted.Length / 2])} in the median, {Milliseconds(sorted[^1])} at most";
    }

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");
}
