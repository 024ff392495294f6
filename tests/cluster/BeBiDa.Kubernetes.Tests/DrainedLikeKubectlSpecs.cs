using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow.Api;
using BeBiDa.Lab;
using k8s.Models;

namespace BeBiDa.Tests;

[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class DrainedLikeKubectlSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private V1DaemonSet daemons = null!;
    private V1ReplicaSet replicas = null!;

    [Test]
    public async Task What_stays_on_a_node_is_what_kubectl_drain_leaves_and_what_has_ended()
    {
        var nodes = await RunNodesAsync(2);
        daemons = await Admin.CreateAsync(Resources.DaemonSets.In(Space), Workloads.DaemonSet("daemons"), default);
        replicas = await Admin.CreateAsync(Resources.ReplicaSets.In(Space), Workloads.ReplicaSet("replicas"), default);
        foreach (var (twin, node) in nodes.Index())
            await PopulateAsync(node, twin);
        var all = await PodNamesAsync(nodes[0]);

        var refused = await CatchAsync<LabException>(() =>
            Kubectl.RunAsync(
                "drain",
                nodes[1],
                "--force",
                "--ignore-daemonsets",
                "--delete-emptydir-data",
                "--grace-period=1",
                "--timeout=10s"
            )
        );
        Assert.That(refused.Message, Does.Contain("disruption budget"));

        var configuration = Configuration() with
        {
            Eviction = new EvictionConfiguration
            {
                GracePeriod = TimeSpan.FromSeconds(1),
                Deadline = TimeSpan.FromSeconds(10),
                OnBudget = AtDeadline.Fail,
            },
        };
        var result = await HandOvers(Connect(configuration), configuration).DecommissionAsync(Job(9, nodes[0]), Lab.Eventually.Patience);

        Assert.That(await PodNamesAsync(nodes[1]), Is.EqualTo(new[] { "budget-1", "daemon-1", "mirror-1" }));
        Assert.That(await PodNamesAsync(nodes[0]), Is.EqualTo(new[] { "budget-0", "daemon-0", "finished-0", "mirror-0" }));
        Assert.That(all, Has.Count.EqualTo(8));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(result.Problems.Single().Text, Does.Contain("budget-0").And.Contain("PodDisruptionBudget"));
        Assert.That(await StateAsync(nodes[0]), Is.EqualTo((true, "lab.9", "slurm")));
    }

    private async Task PopulateAsync(string node, int twin)
    {
        await RunPodAsync(Pod("bare"));
        await RunPodAsync(Pod("deployed").OwnedBy("ReplicaSet", replicas));
        var scratch = Pod("scratch");
        scratch.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        await RunPodAsync(scratch);
        var graceful = Pod("graceful");
        graceful.Spec.TerminationGracePeriodSeconds = 3600;
        await RunPodAsync(graceful);
        await RunPodAsync(Pod("daemon").OwnedBy("DaemonSet", daemons));
        var mirror = Pod("mirror");
        mirror.Metadata.Annotations = new Dictionary<string, string> { [Hollow.Nodes.PodAnnotations.Mirror] = "static" };
        await RunPodAsync(mirror);
        var finished = Pod("finished");
        finished.Metadata.Annotations = new Dictionary<string, string> { [Hollow.Nodes.PodAnnotations.RunSeconds] = "0" };
        await CreateAsync(finished);
        await Eventually("a pod has ended", async () => (await PodAsync(finished.Metadata.Name))?.Status?.Phase == "Succeeded");
        var kept = Pod("budget");
        await RunPodAsync(kept);
        await Admin.CreateAsync(
            Resources.Budgets.In(Space),
            new V1PodDisruptionBudget
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Metadata = new V1ObjectMeta { Name = kept.Metadata.Name },
                Spec = new V1PodDisruptionBudgetSpec
                {
                    MinAvailable = 1,
                    Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = kept.Metadata.Name } },
                },
            },
            default
        );

        V1Pod Pod(string kind) => PodOn(node, $"{kind}-{twin}");
    }
}
