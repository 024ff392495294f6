namespace BeBiDa.Site.Tests;

/// <summary>A node that a job has left gets no pods before its kubelet reports (nodes.waitUntilReady).</summary>
[Category("Core")]
internal sealed class ReturningSpecs : SiteTest
{
    protected override SiteOptions Options => Waiting("10m");

    [OneTimeSetUp]
    public Task GrantAsync() => GrantAsync(Site);

    [Test]
    public async Task A_node_returns_when_its_kubelet_has_started_and_not_before()
    {
        var job = await StartJobAsync("-w", "n1");
        Kubelet("n1").Stop();
        await CancelAsync(job);
        await ReturningAsync("n1");
        // Longer than looks at Slurm and at the ledger.
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.return" }));
        Assert.That((await NodeAsync("n1")).Spec.Unschedulable, Is.True);

        await Kubelet("n1").StartAsync();
        await Site.WaitUntilFreeAsync();
        Assert.That(Slurm.Controller.ReadLog(), Does.Not.Contain("node n1 released to Kubernetes after"));
    }

    [Test]
    public async Task A_node_whose_kubelet_never_stopped_returns_by_its_Lease()
    {
        await CancelAsync(await StartJobAsync("-w", "n1"));
        await Site.WaitUntilFreeAsync();
        Assert.That(Slurm.Controller.ReadLog(), Does.Not.Contain("node n1 released to Kubernetes after"));
    }

    [Test]
    public async Task A_new_slurmctld_waits_on_for_the_kubelets_that_the_one_before_waited_for()
    {
        var job = await StartJobAsync("-w", "n1");
        Kubelet("n1").Stop();
        await CancelAsync(job);
        await ReturningAsync("n1");
        // Killed, it may not have written down yet that the job has ended.
        await Slurm.RestartControllerAsync();
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.return" }));
        await Kubelet("n1").StartAsync();
        await Site.WaitUntilFreeAsync();
        Assert.That(Slurm.Controller.ReadLog(), Does.Not.Contain("node n1 released to Kubernetes after"));
    }

    [Test]
    public Task A_node_whose_kubelet_does_not_come_back_is_released_with_an_error() =>
        Sites.WithAsync(
            Waiting("20s"),
            async site =>
            {
                await GrantAsync(site);
                var job = await site.Slurm.SubmitAsync(["-w", "n2", "--output=/dev/null", "--wrap", "sleep 600"]);
                await Sites.HeldAsync(site, "n2", job);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                site.Cluster.Kubelets["n2"].Stop();
                (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await site.Slurm.Controller.WaitForLogAsync(
                    "node n2 released to Kubernetes after 20s .*though kubelet has not reported since the job left"
                );
                await site.WaitUntilFreeAsync();
            }
        );

    private static SiteOptions Waiting(string limit) =>
        new()
        {
            Nodes = 2,
            Configuration =
                "controller: {reconcileInterval: 2s}\nslurm: {lookInterval: 1s}\n"
                + $"nodes: {{waitUntilReady: true, readyTimeout: {limit}}}\n",
        };

    private static Task GrantAsync(Site site) =>
        new Kubectl(site.Api.AdminKubeconfig).RunAsync(
            "apply",
            "-f",
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac-wait-until-ready.yaml")
        );

    private Hollow.Nodes.HollowKubelet Kubelet(string node) => Site.Cluster.Kubelets[node];

    private Task ReturningAsync(string node) =>
        Eventually.HoldsAsync($"{node} is returning", Patience, async _ => (await Site.HoldsAsync()).SequenceEqual([$"{node} lab.return"]));
}
