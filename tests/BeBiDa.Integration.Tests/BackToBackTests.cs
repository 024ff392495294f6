namespace BeBiDa.Site.Tests;

/// <summary>Jobs one after the other on the same nodes: the end of one is the beginning of the next.</summary>
internal sealed class BackToBackTests
{
    private const int Jobs = 8;

    [Test]
    public Task The_nodes_stay_out_of_Kubernetes_from_job_to_job() =>
        Sites.WithAsync(new SiteOptions { Nodes = 4 }, async site =>
        {
            await RunAsync(site);
            await site.WaitUntilFreeAsync();
            Assert.That(site.Probes.Runs(), Has.Count.EqualTo(Jobs * 4));
            Assert.That(site.Observer.Gaps, Is.Zero);
            Assert.That(Trespasses.OfNodes(site), Is.Empty);
        });

    // What shows that the observer sees what it is there to see.
    [Test]
    public Task The_scripts_that_the_plugin_replaces_leave_nodes_schedulable_under_a_job() =>
        Sites.WithAsync(new SiteOptions { Nodes = 4, HandOver = HandOverBy.Scripts }, async site =>
        {
            for (var round = 0; round < 5 && Trespasses.OfNodes(site).Count == 0; round++)
                await RunAsync(site);
            Assert.That(Trespasses.OfNodes(site), Is.Not.Empty);
        });

    private static async Task RunAsync(Site site)
    {
        var jobs = new List<int>();
        for (var i = 0; i < Jobs; i++)
            jobs.Add(await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(400), "-N4"));
        foreach (var job in jobs)
            Assert.That((await site.Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
    }
}
