namespace BeBiDa.Site.Tests;

/// <summary>Slurm calls its controller's epilog when it begins to end a job: the job's processes are still there.</summary>
[TestFixture(HandOverBy.Plugin)]
[TestFixture(HandOverBy.Hook)]
internal sealed class LeavingTests(HandOverBy handOver) : SiteTest
{
    protected override SiteOptions Options => new() { Nodes = 1, HandOver = handOver };

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
        Assert.That(Trespasses.OfNodes(Site), Is.Empty);
    }
}
