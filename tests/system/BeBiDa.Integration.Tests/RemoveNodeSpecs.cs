using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>A site that wants the Node objects gone while Slurm has the machines.</summary>
internal sealed class RemoveNodeSpecs : SiteTest
{
    // The jobs of these tests are root's, who may keep nodes unless it is said otherwise.
    protected override SiteOptions Options => new() { Nodes = 3, Configuration = "  removeNode: true\njobs:\n  mayKeep: {users: []}\n" };

    [OneTimeSetUp]
    public Task AllowAsync() =>
        Site.Kubectl.RunAsync(
            "apply",
            "-f",
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac-remove-node.yaml")
        );

    [Test]
    public async Task A_jobs_nodes_are_gone_from_Kubernetes_also_if_they_are_registered_anew_during_it_and_free_when_they_are_after_it()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("guest", "n1"));
        var job = await StartJobAsync("-w", "n[1-2]");
        Assert.That(await NodesAsync(), Is.EqualTo(new[] { "n3" }));
        Assert.That((await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items, Is.Empty);

        await Site.Cluster.Kubelets["n1"].StartAsync();
        await Eventually.HoldsAsync("n1 is gone again", Patience, async _ => (await NodesAsync()).SequenceEqual(["n3"]));

        await CancelAsync(job);
        await Slurm.WaitForIdleNodesAsync();
        await Site.Cluster.Kubelets["n1"].StartAsync();
        await Site.Cluster.Kubelets["n2"].StartAsync();
        await Site.WaitUntilFreeAsync();
        Assert.That(await NodesAsync(), Is.EqualTo(new[] { "n1", "n2", "n3" }));
    }

    private async Task<IReadOnlyList<string>> NodesAsync() =>
        [.. (await Site.Client.CoreV1.ListNodeAsync()).Items.Select(n => n.Metadata.Name).Order(StringComparer.Ordinal)];
}
