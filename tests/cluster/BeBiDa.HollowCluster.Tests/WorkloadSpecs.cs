using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class WorkloadSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task A_Deployment_scales_down_to_what_is_asked()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 7));
        await AppRunsAsync("app", 7);

        await Api.MergeAsync<V1Deployment>(Resources.Deployments.At(Namespace, "app"), new { spec = new { replicas = 2 } }, default);

        await AppRunsAsync("app", 2);
    }

    [TestCase("Background")]
    [TestCase("Foreground")]
    public async Task With_a_Deployment_go_its_ReplicaSets_and_pods(string propagation)
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 3));
        await AppRunsAsync("app", 3);

        await Api.DeleteAsync(Resources.Deployments.At(Namespace, "app"), new V1DeleteOptions { PropagationPolicy = propagation }, default);

        await Wait.UntilAsync("no ReplicaSet is left", () => ListAsync(Resources.ReplicaSets), sets => sets.Count == 0);
        await Wait.UntilAsync("no pod is left", () => ListAsync(Resources.Pods), pods => pods.Count == 0);
        await Wait.UntilAsync("the Deployment is gone", () => FindAsync(Resources.Deployments, "app"), seen => seen is null);
    }

    [Test]
    public async Task Pods_of_a_deleted_node_are_replaced_elsewhere()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 6));
        await AppRunsAsync("app", 6);

        Cluster.Kubelets[Nodes[0]].Stop();
        await Api.DeleteAsync(Resources.Nodes.At(null, Nodes[0]), new V1DeleteOptions(), default);

        await Wait.UntilAsync(
            "six pods run on the other nodes",
            () => ListAsync(Resources.Pods),
            pods => pods.Count == 6 && pods.All(pod => IsReady(pod) && pod.Spec.NodeName != Nodes[0])
        );
    }
}
