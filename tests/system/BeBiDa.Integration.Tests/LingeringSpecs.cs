using BeBiDa.EmbeddedApi.Http;

namespace BeBiDa.Site.Tests;

/// <summary>Nodes that jobs have left are kept for the next job (nodes.linger).</summary>
[Category("Core")]
internal sealed class LingeringSpecs : SiteTest
{
    private const int Jobs = 20;

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 2,
            Configuration =
                "controller: {reconcileInterval: 2s}\nslurm: {lookInterval: 1s}\nnodes: {linger: 8s}\njobs:\n  mayKeep: {users: []}\n",
        };

    // The reconciler's first look, after which nodes are kept.
    [SetUp]
    public async Task IsKeptAsync() =>
        await Eventually.HoldsAsync(
            "a node is kept after a job",
            Patience,
            async _ =>
            {
                await RunJobAsync("n1");
                return (await Site.HoldsAsync()).Contains("n1 lab.linger");
            }
        );

    [Test]
    public async Task Jobs_one_after_the_other_cost_less_than_a_request_each_and_no_node_is_schedulable_under_them()
    {
        Site.EmbeddedApi.ResetRequestCounts();
        for (var job = 0; job < Jobs; job++)
            (await Site.Slurm.RunAsync("srun", ["-w", "n1", "true"])).EnsureSucceeded();
        var requests = Site.EmbeddedApi.RequestCounts.Where(IsOfAHandOver).ToList();
        Assert.That(requests.Sum(c => c.Requests), Is.LessThan(Jobs), string.Join(", ", requests));
        await Site.WaitUntilFreeAsync();
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
        Assert.That(Slurm.Controller.ReadLog(), Does.Contain(" event=release outcome=done job=linger "));
    }

    [Test]
    public async Task After_a_crash_of_slurmctld_a_relayed_job_gets_its_own_hold_and_its_node_comes_back()
    {
        var job = await StartJobAsync("-w", "n1");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.linger" }));
        await Slurm.WaitForSavedJobAsync(job);
        await Slurm.RestartControllerAsync(kill: true);
        await HeldAsync("n1", job);
        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
    }

    [Test]
    public async Task Another_process_that_reconciles_leaves_a_relayed_job_its_node()
    {
        var job = await StartJobAsync("-w", "n1");
        (await Site.Tool.RunAsync("reconcile")).EnsureSucceeded();
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.linger" }));
        Assert.That(
            (await Site.Tool.RunAsync("status")).StandardOutput,
            Does.Match(@"n1 +held +lab\.linger .*kept for the next job, until ")
        );
        await CancelAsync(job);
    }

    private async Task RunJobAsync(string node) => (await Site.Slurm.RunAsync("srun", ["-w", node, "true"])).EnsureSucceeded();

    // The observer and the hollow kubelets watch, and post the nodes' status.
    private static bool IsOfAHandOver(RequestCount count) =>
        count is { Verb: "patch", Resource: "nodes" } or { Verb: "list", Resource: "pods" } or { Verb: "create", Resource: "events" };
}
