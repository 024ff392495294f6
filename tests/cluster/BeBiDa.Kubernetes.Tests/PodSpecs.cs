using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Kubernetes;
using k8s.Models;

namespace BeBiDa.Tests;

[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class PodSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private KubernetesCluster cluster = null!;
    private ClusterNode node = null!;

    [SetUp]
    public async Task HaveANodeAsync()
    {
        node = await NewNodeAsync();
        cluster = Connect();
    }

    [TearDown]
    public Task DeleteTheNodeAsync() => DeleteNodeAsync(node.Name);

    [Test]
    public async Task Each_pod_is_seen_as_what_it_is()
    {
        await CreateAsync(PodOn(node.Name, "bare"));
        var (replicas, daemons) = (
            await Admin.CreateAsync(Resources.ReplicaSets.In(Space), Workloads.ReplicaSet("replicas"), default),
            await Admin.CreateAsync(Resources.DaemonSets.In(Space), Workloads.DaemonSet("daemons"), default)
        );
        await CreateAsync(PodOn(node.Name, "controlled").OwnedBy("ReplicaSet", replicas));
        await CreateAsync(PodOn(node.Name, "daemon").OwnedBy("DaemonSet", daemons));
        await CreateAsync(PodOn(node.Name, "owned-only").OwnedBy("ReplicaSet", replicas, controller: false));
        await CreateAsync(Annotated("kubernetes.io/config.mirror", PodOn(node.Name, "mirror")));
        var scratch = PodOn(node.Name, "scratch");
        scratch.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        await CreateAsync(scratch);
        await CreateAsync(PodOn(node.Name, "succeeded"));
        await SetStatusAsync("succeeded", "Succeeded");
        await CreateAsync(PodOn(node.Name, "failed"));
        await SetStatusAsync("failed", "Failed");
        var claims = PodOn(node.Name, "claims");
        claims.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "data",
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "data" },
            },
        ];
        await CreateAsync(claims);
        foreach (
            var (name, toleration) in new Dictionary<string, V1Toleration>
            {
                ["everything"] = new() { OperatorProperty = "Exists" },
                ["cordoned"] = new()
                {
                    Key = "node.kubernetes.io/unschedulable",
                    OperatorProperty = "Exists",
                    Effect = "NoSchedule",
                },
                ["equal"] = new() { Key = "node.kubernetes.io/unschedulable" },
                ["no-execute"] = new() { OperatorProperty = "Exists", Effect = "NoExecute" },
                ["other-taint"] = new() { Key = "gpu", OperatorProperty = "Exists" },
                ["other-value"] = new()
                {
                    Key = "node.kubernetes.io/unschedulable",
                    OperatorProperty = "Equal",
                    Value = "yes",
                },
            }
        )
        {
            var pod = PodOn(node.Name, name);
            pod.Spec.Tolerations = [toleration];
            await CreateAsync(pod);
        }
        var unbound = PodOn(node.Name, "unbound");
        unbound.Spec.NodeName = null;
        await CreateAsync(unbound);

        var seen = (await cluster.ListPodsAsync([node], default)).Pods;
        Assert.That(seen.Select(p => (p.Namespace, p.Node)).Distinct(), Is.EqualTo(new[] { (Space, node.Name) }));
        Assert.That(
            seen.Select(Describe),
            Is.EquivalentTo(
                new[]
                {
                    "bare:",
                    "controlled: controller",
                    "daemon: controller daemon",
                    "owned-only:",
                    "mirror: mirror",
                    "scratch: emptyDir",
                    "succeeded: finished",
                    "failed: finished",
                    "claims: identity",
                    "everything: tolerates",
                    "cordoned: tolerates",
                    "equal: tolerates",
                    "no-execute:",
                    "other-taint:",
                    "other-value:",
                }
            )
        );
        Assert.That(seen.Single(p => p.Name == "bare").Uid, Is.EqualTo((await PodAsync("bare"))!.Metadata.Uid));
        Assert.That(seen.Select(p => p.DeletionTimestamp), Has.All.Null);
    }

    [Test]
    public async Task A_pod_that_is_leaving_says_until_when_it_may()
    {
        await CreateAsync(PodOn(node.Name, "leaving"));
        await SetStatusAsync("leaving", "Running");
        await cluster.EvictAsync(await SeenAsync("leaving"), TimeSpan.FromSeconds(100), default);
        Assert.That(
            (await SeenAsync("leaving")).DeletionTimestamp,
            Is.EqualTo(DateTimeOffset.UtcNow.AddSeconds(100)).Within(TimeSpan.FromSeconds(60))
        );
    }

    [Test]
    public async Task Few_nodes_and_many_are_listed_with_the_same_answer()
    {
        var nodes = new List<ClusterNode> { node };
        for (var i = 1; i < 9; i++)
            nodes.Add(await NewNodeAsync());
        var elsewhere = await NewNodeAsync();
        foreach (var one in nodes)
            await CreateAsync(PodOn(one.Name, $"on-{one.Name}"));
        await CreateAsync(PodOn(elsewhere.Name, "elsewhere"));

        var eight = await cluster.ListPodsAsync(nodes[..8], default);
        var nine = await cluster.ListPodsAsync(nodes, default);
        Assert.That(eight.Pods.Select(p => p.Name), Is.EquivalentTo(nodes[..8].Select(n => $"on-{n.Name}")));
        Assert.That(nine.Pods.Select(p => p.Name), Is.EquivalentTo(nodes.Select(n => $"on-{n.Name}")));
        Assert.That(nine.Pods, Is.SupersetOf(eight.Pods));
        foreach (var one in nodes.Skip(1).Append(elsewhere))
            await DeleteNodeAsync(one.Name);
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(9)]
    public async Task A_watch_of_some_nodes_tells_of_their_pods_from_the_list_on(int count)
    {
        var nodes = new List<ClusterNode> { node };
        while (nodes.Count < count)
            nodes.Add(await NewNodeAsync());
        var elsewhere = await NewNodeAsync();
        await CreateAsync(PodOn(node.Name, "before"));
        var list = await cluster.ListPodsAsync(nodes, default);
        await CreateAsync(PodOn(elsewhere.Name, "elsewhere"));
        await CreateAsync(PodOn(nodes[^1].Name, "come"));
        await DeletePodAsync("before");

        using var limit = new CancellationTokenSource(Lab.Eventually.Patience);
        var told = new List<string>();
        await foreach (var change in cluster.WatchPodsAsync(nodes, list.ResourceVersion, limit.Token))
        {
            var told1 = $"{(change.Gone ? "gone" : "there")} {change.Pod.Name}";
            if (!told.Contains(told1))
                told.Add(told1);
            if (told.Contains("there come") && told.Contains("gone before"))
                break;
        }
        Assert.That(told, Has.None.Contains("elsewhere"));
        foreach (var one in nodes.Skip(1).Append(elsewhere))
            await DeleteNodeAsync(one.Name);
    }

    [Test]
    public async Task The_volumes_that_a_kubelet_reports_as_in_use_are_read_and_none_of_a_node_that_is_another_now()
    {
        Assert.That(await cluster.VolumesInUseAsync(node, default), Is.Empty);
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node.Name, "status"),
            new { status = new { volumesInUse = new[] { "kubernetes.io/csi/disk^v1", "kubernetes.io/csi/disk^v2" } } },
            default
        );
        Assert.That(
            await cluster.VolumesInUseAsync(node, default),
            Is.EqualTo(new[] { "kubernetes.io/csi/disk^v1", "kubernetes.io/csi/disk^v2" })
        );
        Assert.That(await cluster.VolumesInUseAsync(node with { Uid = "another" }, default), Is.Empty);
    }

    [TestCase(3, 3)]
    [TestCase(null, 30)]
    [TestCase(1.2, 2)]
    public async Task An_evicted_pod_gets_the_grace_that_was_asked_for(double? asked, int given)
    {
        await CreateAsync(PodOn(node.Name, "pod"));
        await SetStatusAsync("pod", "Running");
        await cluster.EvictAsync(await SeenAsync("pod"), asked is { } seconds ? TimeSpan.FromSeconds(seconds) : null, default);
        Assert.That((await PodAsync("pod"))!.Metadata.DeletionGracePeriodSeconds, Is.EqualTo(given));
    }

    [Test]
    public async Task A_deletion_without_grace_is_done_at_once()
    {
        await CreateAsync(PodOn(node.Name, "pod"));
        await SetStatusAsync("pod", "Running");
        await cluster.DeleteAsync(await SeenAsync("pod"), TimeSpan.Zero, default);
        Assert.That(await PodAsync("pod"), Is.Null);
    }

    [Test]
    public async Task Another_pod_of_the_same_name_is_not_touched()
    {
        await CreateAsync(PodOn(node.Name, "pod"));
        var old = await SeenAsync("pod");
        await DeletePodAsync("pod");
        Assert.That((await FailsAsync(() => cluster.EvictAsync(old, TimeSpan.Zero, default))).Fault, Is.EqualTo(ClusterFault.NotFound));
        Assert.That((await FailsAsync(() => cluster.DeleteAsync(old, TimeSpan.Zero, default))).Fault, Is.EqualTo(ClusterFault.NotFound));

        var anew = await CreateAsync(PodOn(node.Name, "pod"));
        await SetStatusAsync("pod", "Running");
        Assert.That((await FailsAsync(() => cluster.EvictAsync(old, TimeSpan.Zero, default))).Fault, Is.EqualTo(ClusterFault.Conflict));
        Assert.That((await FailsAsync(() => cluster.DeleteAsync(old, TimeSpan.Zero, default))).Fault, Is.EqualTo(ClusterFault.Conflict));
        var there = await PodAsync("pod");
        Assert.That((there?.Metadata.Uid, there?.Metadata.DeletionTimestamp), Is.EqualTo((anew.Metadata.Uid, (DateTime?)null)));
    }

    [Test]
    public async Task A_pod_that_its_budget_keeps_is_blocked_and_can_be_deleted_all_the_same()
    {
        await CreateAsync(PodOn(node.Name, "kept"));
        await SetStatusAsync("kept", "Running");
        await ProtectAsync("budget", "kept");
        var pod = await SeenAsync("kept");
        Assert.That((await FailsAsync(() => cluster.EvictAsync(pod, TimeSpan.Zero, default))).Fault, Is.EqualTo(ClusterFault.Blocked));
        Assert.That((await PodAsync("kept"))?.Metadata.DeletionTimestamp, Is.Null);
        await cluster.DeleteAsync(pod, TimeSpan.Zero, default);
        Assert.That(await PodAsync("kept"), Is.Null);
    }

    private async Task<Pod> SeenAsync(string name) => (await cluster.ListPodsAsync([node], default)).Pods.Single(p => p.Name == name);

    private Task DeletePodAsync(string name) =>
        Admin.DeleteAsync(Resources.Pods.At(Space, name), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);

    private static V1Pod Annotated(string annotation, V1Pod pod)
    {
        pod.Metadata.Annotations = new Dictionary<string, string> { [annotation] = "yes" };
        return pod;
    }

    private static string Describe(Pod pod) =>
        $"{pod.Name}:{(pod.HasController ? " controller" : "")}{(pod.OfDaemonSet ? " daemon" : "")}{(pod.Mirror ? " mirror" : "")}{(pod.HasEmptyDir ? " emptyDir" : "")}{(pod.Finished ? " finished" : "")}{(pod.HasIdentity ? " identity" : "")}{(pod.ToleratesUnschedulable ? " tolerates" : "")}";
}
