using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>Two slurmctld with one state directory: the plugin is in both, and one of them is the cluster's.</summary>
internal sealed class TakeoverSpecs : SiteTest
{
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 5s, reconcileInterval: 1s}\neviction: {deadline: 3s, gracePeriod: 1s}\njobs:\n  mayKeep: {users: []}\n",
            Slurm = slurm => slurm with { Backup = true },
        };

    [Test]
    public async Task The_one_that_stands_by_harms_no_job_that_comes_or_goes()
    {
        await Slurm.Backup!.WaitForLogAsync("bebida: .* started$");
        await Task.WhenAll(
            Enumerable
                .Range(0, 2)
                .Select(async _ =>
                {
                    for (var i = 0; i < 8; i++)
                        (
                            await Site.Probes.RunAsync(TimeSpan.FromMilliseconds(200), "-p", SlurmCluster.SharedPartition, "-N2")
                        ).EnsureSucceeded();
                })
        );
        await Site.WaitUntilFreeAsync();
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
        Assert.That(Slurm.Backup.IsRunning);
    }

    [Test]
    public async Task When_it_takes_over_from_one_that_was_killed_no_hold_is_lost_and_none_left_nor_when_the_first_is_back()
    {
        var running = await StartJobAsync("-w", "n1");
        var ending = await StartJobAsync("-w", "n2");
        var refusal = Site.EmbeddedApi.Faults.Add(
            new Fault(FaultKind.Refuse)
            {
                StatusCode = 503,
                Verb = "patch",
                Resource = "nodes",
            }
        );
        var from = DateTimeOffset.UtcNow;
        (await Slurm.RunAsync("scancel", [$"{ending}"])).EnsureSucceeded();
        await Slurm.WaitForJobEndAsync(ending);
        var configuring = await SubmitAsync("-w", "n3");
        await Slurm.WaitForJobAsync(configuring, JobState.Configuring);
        await Slurm.WaitForSavedJobAsync(configuring);
        await Slurm.StopControllerAsync(kill: true);
        refusal.Dispose();

        await Slurm.TakeOverAsync();
        await Slurm.WaitForJobAsync(configuring, JobState.Running);
        await Eventually.HoldsAsync(
            "the holds are those of the jobs",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual([$"n1 lab.{running}", $"n3 lab.{configuring}"])
        );
        Assert.That(Slurm.Backup!.ReadLog(), Does.Contain($" event=decommission outcome=done job={configuring} "));

        await CancelAsync(configuring);
        await Slurm.StartControllerAsync();
        await Slurm.Controller.WaitForLogAsync("Running as primary controller(?s).*Running as primary controller");
        await HeldAsync("n1", running);
        var before = DateTimeOffset.UtcNow;
        await CancelAsync(running);
        await Site.WaitUntilFreeAsync();
        Assert.That(Site.Observer.SchedulableWithin("n1", from, before), Is.Empty);
    }
}
