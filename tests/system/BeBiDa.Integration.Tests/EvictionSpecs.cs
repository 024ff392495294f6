using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>Pods that do not leave when they are asked to.</summary>
internal sealed class EvictionSpecs : SiteTest
{
    protected override SiteOptions Options =>
        new() { Nodes = 1, Configuration = "controller:\n  deadline: 12s\neviction:\n  deadline: 2s\n  gracePeriod: 1s\n" };

    [Test]
    public async Task A_budget_that_blocks_is_overruled_at_the_eviction_deadline()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("precious", "n1"));
        await Workloads.ProtectAsync(Site.Client, "precious");
        await StartJobAsync("-N1");
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(Slurm.Controller.ReadLog(), Does.Contain("pod default/precious is still kept by a disruption budget; deleting it"));
    }

    [Test]
    public async Task A_pod_that_never_ends_is_deleted_without_grace()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("stuck", "n1", ignoresTermination: true));
        await StartJobAsync("-N1");
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(
            Slurm.Controller.ReadLog(),
            Does.Contain("pod default/stuck has not ended within its grace; deleting it without grace")
        );
    }

    [Test]
    public async Task Pods_that_tolerate_the_hold_keep_no_job_of_a_queue_waiting_and_are_not_evicted_in_a_loop()
    {
        await Workloads.FillAsync(Site.Client, 1, tolerates: true);
        var job = await StartJobAsync("-N1");
        Assert.That(Slurm.Controller.ReadLog(), Does.Match($@" event=decommission outcome=done job={job} ms=\d+ nodes=n1 pods=4"));
        await Eventually.HoldsAsync(
            "the pods that came back have been evicted once, and the node tells",
            Patience,
            async _ =>
                (await Site.Client.CoreV1.ListNamespacedEventAsync("default")).Items.Any(e =>
                    e.Reason == "SlurmPodRemains" && e.Message.Contains($"job {job} ", StringComparison.Ordinal)
                )
        );
        Assert.That(
            Slurm.Controller.ReadLog(),
            Does.Match($@"job {job}: node n1: pod default/executors-\S+ of ReplicaSet/executors-\S+ tolerates")
        );
    }

    private async Task<IReadOnlyList<string>> PodsAsync() =>
        [.. (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Select(p => p.Name())];
}
