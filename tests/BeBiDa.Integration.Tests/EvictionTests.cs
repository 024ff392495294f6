using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>Pods that do not leave when they are asked to.</summary>
internal sealed class EvictionTests : SiteTest
{
    protected override SiteOptions Options => new()
    {
        Nodes = 1,
        Configuration = "controller:\n  deadline: 12s\neviction:\n  deadline: 2s\n  gracePeriod: 1s\n",
    };

    [Test]
    public async Task A_budget_that_blocks_is_overruled_at_the_eviction_deadline()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("precious", "n1"));
        await Workloads.ProtectAsync(Site.Client, "precious");
        await StartJobAsync("-N1");
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(Slurm.Controller.ReadLog(), Does.Contain("pod default/precious was kept by a disruption budget until the deadline; deleting it"));
    }

    [Test]
    public async Task A_pod_that_never_ends_is_deleted_without_grace()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("stuck", "n1", ignoresTermination: true));
        await StartJobAsync("-N1");
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(Slurm.Controller.ReadLog(), Does.Contain("pod default/stuck has not ended within its grace; deleting it without grace"));
    }

    private async Task<IReadOnlyList<string>> PodsAsync() =>
        [.. (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Select(p => p.Name())];
}
