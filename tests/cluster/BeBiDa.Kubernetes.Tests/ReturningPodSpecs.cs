using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Pods that a scheduler and a controller bring back, on a server of their own: these see every test's objects.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class ReturningPodSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => Ends(await TestServers.StartAsync(kind));

    [Test]
    public async Task A_pod_whose_replacements_tolerate_the_hold_keeps_no_job_waiting_and_is_evicted_once_more()
    {
        var node = Unique("node");
        Ends(
            await HollowCluster.StartAsync(
                Server.AdminKubeconfig,
                new HollowClusterOptions { Kubelet = new KubeletOptions { Termination = TimeSpan.FromMilliseconds(50) } }.WithNodes([node])
            )
        );
        var set = Workloads.ReplicaSet("stubborn");
        set.Spec.Replicas = 1;
        set.Spec.Template.Spec.Tolerations = [new V1Toleration { OperatorProperty = "Exists" }];
        set.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { ["kubernetes.io/hostname"] = node };
        await Admin.CreateAsync(Resources.ReplicaSets.In(Space), set, default);
        await Eventually("its pod runs", async () => (await RunningAsync()).Count == 1);
        var seen = new HashSet<string>();
        var cluster = Connect();
        var handOvers = HandOvers(cluster);
        var taken = handOvers.DecommissionAsync(Job(1, node), TimeSpan.FromSeconds(30));
        await Eventually(
            "it ends",
            async () =>
            {
                seen.UnionWith((await Admin.GetAsync<V1PodList>(Resources.Pods.In(Space), default)).Items.Select(p => p.Metadata.Uid));
                return taken.IsCompleted;
            }
        );
        Assert.That((await taken).Outcome, Is.EqualTo(HandOverOutcome.Done));
        await Eventually(
            "the node tells",
            async () =>
                (await Admin.GetAsync<Corev1EventList>("api/v1/namespaces/default/events", default)).Items.Any(e =>
                    e.Reason == "SlurmPodRemains" && e.InvolvedObject.Name == node
                )
        );
        seen.UnionWith((await Admin.GetAsync<V1PodList>(Resources.Pods.In(Space), default)).Items.Select(p => p.Metadata.Uid));
        Assert.That(seen, Has.Count.InRange(2, 4), "the first one, what came back, and what came back after that");

        async Task<IReadOnlyList<V1Pod>> RunningAsync() =>
            [.. (await Admin.GetAsync<V1PodList>(Resources.Pods.In(Space), default)).Items.Where(p => p.Status?.Phase == "Running")];
    }
}
