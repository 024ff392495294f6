using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Chaos.Load;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>
/// A crash of slurmctld that loses no job's end. It writes its jobs down every few moments, and a job whose end it forgets
/// has given its nodes back while Slurm believes that it runs: no task is there, and no plugin can know better than Slurm.
/// </summary>
public sealed partial class Crash(SlurmCluster slurm, Gate gate)
{
    // How long slurmctld waits between two writings, and a bit: when none comes, there is nothing to write.
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(6);

    // What has started since the last writing is lost; little of it, if that was just now.
    private static readonly TimeSpan JustNow = TimeSpan.FromMilliseconds(200);

    // The log counts in milliseconds, and the file is made after the jobs are gathered.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = Eventually.Patience;

    /// <summary>Kills slurmctld in the next moment that allows for it.</summary>
    /// <param name="down">Called right before: from then on slurmctld may be away.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="TimeoutException">There was none for long.</exception>
    public async Task NextAsync(Action down, CancellationToken cancellationToken)
    {
        var enough = DateTimeOffset.UtcNow + BetweenSaves;
        await Eventually.HoldsAsync(
            "slurmctld has saved how its jobs ended",
            Patience,
            async stop =>
            {
                var now = DateTimeOffset.UtcNow;
                return (now - slurm.JobsSaved < JustNow || now > enough)
                    && HasSavedAll()
                    && await slurm.TryKillControllerAsync(() => KillsNoEnd(down), stop);
            },
            cancellationToken
        );
    }

    /// <summary>When, by slurmctld's log, a job last ended; null if none has.</summary>
    public static DateTimeOffset? LastEnd(string log) =>
        EndLine().Match(log) is { Success: true } last
            ? DateTimeOffset.Parse(last.Groups[1].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal)
            : null;

    private bool KillsNoEnd(Action down)
    {
        if (!HasSavedAll())
            return false;
        down();
        return true;
    }

    private bool HasSavedAll()
    {
        var saved = slurm.JobsSaved;
        return saved > gate.LastLeft && (LastEnd(slurm.Controller.ReadLog()) is not { } end || end + Margin < saved);
    }

    // By itself, and by its time limit; all others end through the gate.
    [GeneratedRegex(
        @"^\[([^]]+)\] (?:_job_complete: JobId=|Time limit exhausted for JobId=)",
        RegexOptions.Multiline | RegexOptions.RightToLeft
    )]
    private static partial Regex EndLine();
}
