namespace BeBiDa.Site.Tests;

/// <summary>The same work by slurm.conf's scripts, for sites that cannot load plugins.</summary>
internal sealed class HookSpecs : SiteTest
{
    protected override SiteOptions Options => new() { Nodes = 2, HandOver = HandOverBy.Hook };

    [Test]
    public async Task Without_a_plugin_a_job_takes_its_nodes_and_gives_them_back()
    {
        await using var pods = new PodFollower(Site.Api.AdminKubeconfig);
        await Workloads.FillAsync(Site.Client, nodes: 2);

        (await Site.Probes.RunAsync(TimeSpan.FromMilliseconds(300), "-N2")).EnsureSucceeded();
        var job = await StartJobAsync("-N2");
        await HeldAsync("n1", job);
        await HeldAsync("n2", job);
        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();

        await Workloads.RunningAsync(Site.Client, 8);
        Assert.That(Site.Probes.Runs(), Has.Count.EqualTo(2));
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
        Assert.That(IsolationViolations.OfPods(Site, pods), Is.Empty);
    }
}
