namespace BeBiDa.Site.Tests;

/// <summary>Slurm calls its controller's epilog when it begins to end a job: the job's processes are still there.</summary>
[TestFixture(HandOverBy.Plugin)]
[TestFixture(HandOverBy.Hook)]
internal sealed class LeavingSpecs(HandOverBy handOver) : SiteTest
{
    private readonly string epilogs = Directory.CreateTempSubdirectory("epilogs-").FullName;

    private string Gate => Path.Combine(epilogs, "n2-may-end");

    // An epilog of the site's own that hangs on n2 until it is told to end.
    protected override SiteOptions Options
    {
        get
        {
            var script = Path.Combine(epilogs, "epilog.sh");
            File.WriteAllText(Gate, "");
            File.WriteAllText(script, $"#!/bin/sh\nuntil [ \"$SLURMD_NODENAME\" != n2 ] || [ -e {Gate} ]; do sleep 0.1; done\n");
            File.SetUnixFileMode(script, (UnixFileMode)0b111_101_101);
            return new()
            {
                Nodes = 2,
                HandOver = handOver,
                Slurm = slurm => slurm with { ExtraConfiguration = [$"Epilog={script}"] },
            };
        }
    }

    [OneTimeTearDown]
    public void DeleteTheEpilog() => Directory.Delete(epilogs, recursive: true);

    [Test]
    public async Task A_node_whose_epilog_hangs_keeps_no_other_node_of_its_job_out_of_Kubernetes()
    {
        File.Delete(Gate);
        try
        {
            var job = await StartJobAsync("-N2");
            await HeldAsync("n1", job);
            (await Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
            await Eventually.HoldsAsync(
                "n1 is back in Kubernetes",
                Patience,
                async _ => (await NodeAsync("n1")).Spec.Unschedulable != true
            );
            Assert.That((await NodeAsync("n2")).Spec.Unschedulable, Is.True);
            Assert.That(
                (await Slurm.RunAsync("squeue", ["--noheader", "--format=%T", $"--jobs={job}"])).StandardOutput.Trim(),
                Is.EqualTo("COMPLETING")
            );
        }
        finally
        {
            await File.WriteAllTextAsync(Gate, "");
        }
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task The_node_of_a_job_that_does_not_want_to_end_is_free_only_when_it_has_ended()
    {
        // Killed KillWait (two seconds) after it was asked to end.
        var job = await Slurm.SubmitAsync(["-N1", "--output=/dev/null", "--wrap", $"trap '' TERM; {Site.Probes.Script} 60000"]);
        await Eventually.HoldsAsync("the job writes that it runs", Patience, _ => Task.FromResult(Site.Probes.Runs().Count == 1));
        var cancelled = DateTimeOffset.UtcNow;
        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();

        Assert.That(Site.Probes.Runs().Single().Last, Is.GreaterThan(cancelled + TimeSpan.FromSeconds(1)));
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
    }
}
