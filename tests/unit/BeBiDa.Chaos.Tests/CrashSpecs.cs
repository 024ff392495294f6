using BeBiDa.Chaos.Adversities;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>What of slurmctld's log tells that a job has ended, which a crash must not take back.</summary>
internal sealed class CrashSpecs
{
    private const string Log = """
        [2026-11-25T23:49:44.244] _job_complete: JobId=45 WEXITSTATUS 0
        [2026-11-25T23:49:45.007] _job_complete: JobId=9_3(36) WEXITSTATUS 0
        [2026-11-25T23:49:46.646] sched: Allocate JobId=46 NodeList=n3 #CPUs=1 Partition=shared

        """;

    [Test]
    public void The_last_job_that_ended_counts() => Assert.That(Crash.LastEnd(Log), Is.EqualTo(At("2026-11-25T23:49:45.007")));

    [Test]
    public void So_does_one_whose_time_was_over() =>
        Assert.That(
            Crash.LastEnd(Log + "[2026-11-25T23:51:04.877] Time limit exhausted for JobId=46\n"),
            Is.EqualTo(At("2026-11-25T23:51:04.877"))
        );

    [Test]
    public void A_log_without_ends_has_none() =>
        Assert.That(Crash.LastEnd("[2026-11-25T23:49:46.646] slurmctld version 22.05.8 started on cluster lab\n"), Is.Null);

    [Test]
    public void A_job_s_name_is_not_an_end() =>
        Assert.That(
            Crash.LastEnd("[2026-11-25T23:49:46.646] error: bebida: job 1 [2026-11-25T23:49:46.646] _job_complete: JobId=1\n"),
            Is.Null
        );

    private static DateTimeOffset At(string local) =>
        new(DateTime.Parse(local, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeLocal));
}
