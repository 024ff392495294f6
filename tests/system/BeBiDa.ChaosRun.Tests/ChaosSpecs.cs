using BeBiDa.Chaos.Adversities;
using BeBiDa.EmbeddedApi;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>tests/chaos/chaos.sh in short.</summary>
internal sealed class ChaosSpecs
{
    // Each kind comes once.
    private static readonly ChaosOptions Short = new()
    {
        Seed = 20261124,
        Time = TimeSpan.FromSeconds(90),
        Outage = Range.Seconds(1, 4),
        Calm = Range.Seconds(2, 3),
        // That slurmctld hangs is found; by how much a busy machine delays it is not asked.
        PingBound = TimeSpan.FromSeconds(10),
        UnfitBound = TimeSpan.FromSeconds(15),
    };

    [Test, CancelAfter(900_000)]
    public async Task Whatever_goes_wrong_no_job_shares_its_node_and_no_hold_is_left(CancellationToken stop)
    {
        var report = await ChaosRun.RunAsync(Short with { Say = TestContext.Progress.WriteLine }, stop);
        report.Print(TestContext.Out);
        Assert.That(
            report.Counts.Where(count => count.MustBeNone).SelectMany(count => count.Cases.Select(one => $"{count.What}: {one}")),
            Is.Empty
        );
    }

    [Test, CancelAfter(900_000)]
    public async Task The_observer_sees_what_the_scripts_do_that_the_plugin_replaces(CancellationToken stop)
    {
        var report = await Control.RunAsync(ApiServerKind.Embedded, TestContext.Progress.WriteLine, stop);
        report.Print(TestContext.Out);
        Assert.That(report.Held);
    }

    [Test]
    public void The_short_run_has_every_adversity_but_the_long_outage() =>
        Assert.That(
            Enum.GetValues<AdversityKind>().Except(Schedule.Draw(Short).Select(adversity => adversity.Kind)),
            Is.EqualTo(new[] { AdversityKind.LongOutage })
        );
}
