using BeBiDa.EmbeddedApi;
using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>Jobs and Nodes whose lives are not the usual ones, as people have reported them of other hand-overs.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
internal sealed class UnusualLivesSpecs(ApiServerKind kind) : SiteTest
{
    protected override SiteOptions Options =>
        new()
        {
            Api = kind,
            Nodes = 2,
            Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n",
        };

    [Test]
    public async Task A_suspended_job_keeps_its_node()
    {
        var job = await StartJobAsync("-w", "n1");
        (await Slurm.RunAsync("scontrol", ["suspend", $"{job}"])).EnsureSucceeded();
        await Slurm.WaitForJobAsync(job, JobState.Suspended);
        Assert.That(
            (await Site.Tool.RunAsync("reconcile", "--dry-run", "--output", "json")).EnsureSucceeded().StandardOutput,
            Does.Match("\"repairs\":\\s*\\[\\s*\\]")
        );
        (await Slurm.RunAsync("scontrol", ["resume", $"{job}"])).EnsureSucceeded();
        await Slurm.WaitForJobAsync(job, JobState.Running);
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}" }));
    }

    [Test]
    public async Task A_node_that_a_job_gives_up_while_it_goes_on_is_given_back()
    {
        var job = await StartJobAsync("-N2");
        (await Slurm.RunAsync("scontrol", ["update", $"JobId={job}", "NumNodes=1"])).EnsureSucceeded();
        var left = (await Slurm.JobsAsync(job)).Single().Nodes.Single();
        await Eventually.HoldsAsync(
            "only the node that the job still has is held",
            Patience,
            async _ =>
                (await Site.HoldsAsync()).SequenceEqual([$"{left} lab.{job}"]) && (await Site.UnschedulableAsync()).SequenceEqual([left])
        );
    }

    [Test]
    public async Task A_Node_that_is_being_deleted_and_that_a_finalizer_keeps_is_held_and_released()
    {
        await PatchAsync("n1", "[\"karpenter.sh/termination\"]");
        await Site.Client.CoreV1.DeleteNodeAsync("n1");
        var job = await StartJobAsync("-w", "n1");
        await HeldAsync("n1", job);
        await CancelAsync(job);
        await Eventually.HoldsAsync("no hold is left", Patience, async _ => (await Site.HoldsAsync()).Count == 0);
        await PatchAsync("n1", "null");
        Site.Cluster.Kubelets["n1"].Stop();
        await Site.Cluster.Kubelets["n1"].StartAsync();
    }

    private Task PatchAsync(string node, string finalizers) =>
        Site.Client.CoreV1.PatchNodeAsync(
            new V1Patch($"{{\"metadata\":{{\"finalizers\":{finalizers}}}}}", V1Patch.PatchType.MergePatch),
            node
        );
}
