using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class SchedulingSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task Pods_of_a_Deployment_spread_evenly_over_the_nodes()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 9));

        var pods = await AppRunsAsync("app", 9);

        Assert.That(pods.CountBy(pod => pod.Spec.NodeName).Select(entry => entry.Value), Is.EqualTo(new[] { 3, 3, 3 }));
        await Wait.UntilAsync(
            "the Deployment says so",
            () => FindAsync(Resources.Deployments, "app"),
            seen => seen!.Status.AvailableReplicas == 9
        );
    }

    [Test]
    public async Task A_cordoned_node_gets_no_new_pods()
    {
        await CordonAsync(Nodes[0]);
        await Wait.UntilAsync("the cordon shows as a taint", () => NodeAsync(Nodes[0]), node => node.Spec.Taints?.Count == 1);

        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 12));
        var pods = await AppRunsAsync("app", 12);

        Assert.That(pods.Select(pod => pod.Spec.NodeName).Distinct(), Is.EquivalentTo(Nodes.Skip(1)));
    }

    [Test]
    public async Task Pods_wait_while_all_nodes_are_cordoned_and_come_when_one_returns()
    {
        foreach (var node in Nodes)
        {
            await CordonAsync(node);
            await Wait.UntilAsync("the cordon shows as a taint", () => NodeAsync(node), seen => seen.Spec.Taints?.Count == 1);
        }

        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 4));
        await Wait.UntilAsync(
            "all pods are reported unschedulable",
            () => ListAsync(Resources.Pods),
            pods =>
                pods.Count == 4
                && pods.All(pod =>
                    pod.Status.Conditions?.Any(condition => condition is { Type: "PodScheduled", Reason: "Unschedulable" }) == true
                )
        );
        await CordonAsync(Nodes[1], cordoned: false);

        var running = await AppRunsAsync("app", 4);
        Assert.That(running.Select(pod => pod.Spec.NodeName), Is.All.EqualTo(Nodes[1]));
    }

    [Test]
    public async Task A_tainted_node_gets_only_pods_that_tolerate_the_taint()
    {
        foreach (var node in Nodes)
            await TaintAsync(node);

        var tolerant = Workloads.Pod("tolerant");
        tolerant.Spec.Tolerations =
        [
            new V1Toleration
            {
                Key = "kind",
                OperatorProperty = "Equal",
                Value = "special",
                Effect = "NoSchedule",
            },
        ];
        await CreateAsync(Resources.Pods, Workloads.Pod("plain"));
        await RunPodAsync(tolerant);

        await Wait.UntilAsync(
            "the plain pod is reported unschedulable",
            () => PodAsync("plain"),
            pod => pod!.Status.Conditions?.Any(condition => condition is { Type: "PodScheduled", Status: "False" }) == true
        );
    }

    [Test]
    public async Task A_pod_that_selects_a_node_by_label_goes_there_once_a_node_has_it()
    {
        var pod = Workloads.Pod("picky");
        pod.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = Namespace };
        await CreateAsync(Resources.Pods, pod);
        await Wait.UntilAsync(
            "it is reported unschedulable",
            () => PodAsync("picky"),
            seen => seen!.Status.Conditions?.Any(condition => condition is { Type: "PodScheduled", Status: "False" }) == true
        );

        await Api.MergeAsync<V1Node>(
            Resources.Nodes.At(null, Nodes[2]),
            new { metadata = new { labels = new Dictionary<string, string> { ["disk"] = Namespace } } },
            default
        );

        var running = await Wait.UntilAsync("it runs", () => PodAsync("picky"), IsReady);
        Assert.That(running!.Spec.NodeName, Is.EqualTo(Nodes[2]));
    }

    [Test]
    public async Task Nodes_take_no_more_cpu_than_they_have()
    {
        for (var i = 0; i < 4; i++)
        {
            var pod = Workloads.Pod($"big{i}");
            pod.Spec.Containers[0].Resources = new V1ResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10") },
            };
            await CreateAsync(Resources.Pods, pod);
        }

        var pods = await Wait.UntilAsync(
            "three run and one is reported unschedulable",
            () => ListAsync(Resources.Pods),
            seen =>
                seen.Count(IsReady) == 3
                && seen.Any(pod => pod.Status.Conditions?.Any(condition => condition is { Type: "PodScheduled", Status: "False" }) == true)
        );
        Assert.That(pods.Where(IsReady).Select(pod => pod.Spec.NodeName), Is.Unique);

        await DeletePodAsync(pods.First(IsReady).Metadata.Name);
        await Wait.UntilAsync(
            "the fourth runs in the place of the one deleted",
            () => ListAsync(Resources.Pods),
            seen => seen.Count == 3 && seen.All(IsReady)
        );
    }

    private Task TaintAsync(string node) =>
        Api.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node),
            new
            {
                spec = new
                {
                    taints = new[]
                    {
                        new V1Taint
                        {
                            Key = "kind",
                            Value = "special",
                            Effect = "NoSchedule",
                        },
                    },
                },
            },
            default
        );
}
