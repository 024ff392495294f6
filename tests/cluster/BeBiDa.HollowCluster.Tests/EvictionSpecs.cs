using System.Net;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class EvictionSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task Evicted_pods_restart_on_other_nodes()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 6));
        var pods = await AppRunsAsync("app", 6);
        await CordonAsync(Nodes[0]);
        await Wait.UntilAsync("the cordon shows as a taint", () => NodeAsync(Nodes[0]), node => node.Spec.Taints?.Count == 1);

        foreach (var pod in pods.Where(pod => pod.Spec.NodeName == Nodes[0]))
        {
            await EvictAsync(pod.Metadata.Name);
            await GoneAsync(pod.Metadata.Name);
        }

        var after = await AppRunsAsync("app", 6);
        Assert.That(after.Select(pod => pod.Spec.NodeName), Has.None.EqualTo(Nodes[0]));
    }

    [Test]
    public async Task A_DaemonSet_runs_on_cordoned_nodes_too()
    {
        await CordonAsync(Nodes[0]);
        await Wait.UntilAsync("the cordon shows as a taint", () => NodeAsync(Nodes[0]), node => node.Spec.Taints?.Count == 1);

        await CreateAsync(Resources.DaemonSets, Workloads.DaemonSet("agent"));
        var pods = await AppRunsAsync("agent", Nodes.Count);
        Assert.That(pods.Select(pod => pod.Spec.NodeName), Is.EquivalentTo(Nodes));

        // And there it comes back: evicted, it is no reason to leave the node.
        var evicted = pods.Single(pod => pod.Spec.NodeName == Nodes[0]);
        await EvictAsync(evicted.Metadata.Name);
        await GoneAsync(evicted.Metadata.Name);
        Assert.That((await AppRunsAsync("agent", Nodes.Count)).Select(pod => pod.Spec.NodeName), Is.EquivalentTo(Nodes));
    }

    [Test]
    public async Task An_eviction_is_refused_while_the_budget_is_spent()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 3));
        var pods = await AppRunsAsync("app", 3);
        await CreateAsync(Resources.Budgets, Workloads.Budget("app", maxUnavailable: 1));
        var budget = await Wait.UntilAsync(
            "the budget allows one disruption",
            () => FindAsync(Resources.Budgets, "app"),
            seen => seen!.Status is { DisruptionsAllowed: 1 }
        );
        Assert.Multiple(() =>
        {
            Assert.That(budget!.Status.ExpectedPods, Is.EqualTo(3));
            Assert.That(budget!.Status.CurrentHealthy, Is.EqualTo(3));
            Assert.That(budget!.Status.DesiredHealthy, Is.EqualTo(2));
            Assert.That(budget!.Status.ObservedGeneration, Is.EqualTo(budget.Metadata.Generation));
        });

        // With nowhere to restart, the disruption lasts.
        foreach (var node in Nodes)
        {
            await CordonAsync(node);
            await Wait.UntilAsync("the cordon shows as a taint", () => NodeAsync(node), seen => seen.Spec.Taints?.Count == 1);
        }

        await EvictAsync(pods[0].Metadata.Name);
        var refusal = await Assert.ThrowsAsync<ApiException>(() => EvictAsync(pods[1].Metadata.Name));
        Assert.That(refusal!.Code, Is.EqualTo(HttpStatusCode.TooManyRequests));

        await CordonAsync(Nodes[0], cordoned: false);
        await AppRunsAsync("app", 3);
        await Wait.UntilAsync(
            "the budget allows one again",
            () => FindAsync(Resources.Budgets, "app"),
            seen => seen!.Status is { DisruptionsAllowed: 1 }
        );
        await EvictAsync(pods[1].Metadata.Name);
        await GoneAsync(pods[1].Metadata.Name);
    }

    [Test]
    public async Task A_budget_of_all_pods_allows_no_eviction()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 2));
        var pods = await AppRunsAsync("app", 2);
        await CreateAsync(Resources.Budgets, Workloads.Budget("app", minAvailable: 2));
        await Wait.UntilAsync(
            "the budget is counted",
            () => FindAsync(Resources.Budgets, "app"),
            seen => seen!.Status is { CurrentHealthy: 2, DesiredHealthy: 2, DisruptionsAllowed: 0 }
        );

        var refusal = await Assert.ThrowsAsync<ApiException>(() => EvictAsync(pods[0].Metadata.Name));
        Assert.That(refusal!.Code, Is.EqualTo(HttpStatusCode.TooManyRequests));
    }
}
