using BeBiDa.EmbeddedApi;

namespace BeBiDa.Site.Tests;

/// <summary>The main promise, on jobs of every kind, seen from outside.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
internal sealed class JobMixSpecs(ApiServerKind kind) : SiteTest
{
    private const int Seed = 20240611;

    protected override SiteOptions Options => new() { Api = kind };

    [Test, CancelAfter(900_000)]
    public async Task Fifty_jobs_share_no_node_with_Kubernetes_and_all_nodes_come_back()
    {
        TestContext.Out.WriteLine($"seed {Seed}");
        await using var pods = new PodFollower(Site.Api.AdminKubeconfig);
        // Pods that take a moment to leave: so long a job is configuring.
        await Workloads.FillAsync(Site.Client, Slurm.Nodes.Count, terminationSeconds: "0.7");
        var mix = new JobMix(Site, Seed);

        await mix.RunAsync();
        await Site.WaitUntilFreeAsync();

        Assert.That(mix.ConfiguringWhenCancelled, Is.Positive, "jobs cancelled while configuring");
        Assert.That((await Slurm.JobsAsync()).Where(job => !job.State.IsOver()), Is.Empty);
        Assert.That(Site.Probes.Runs(), Has.Count.GreaterThan(80));
        Assert.That(Site.Observer.Gaps, Is.Zero);
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
        Assert.That(IsolationViolations.OfPods(Site, pods), Is.Empty);
        await Workloads.RunningAsync(Site.Client, 4 * Slurm.Nodes.Count);
    }
}
