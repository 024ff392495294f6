using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixtureSource(typeof(Servers), nameof(Servers.All))]
public sealed class KubeletSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task A_deleted_pod_is_terminating_before_it_is_gone()
    {
        await RunPodAsync(
            Workloads.Pod("slow", Nodes[0], annotations: new Dictionary<string, string> { [PodAnnotations.TerminationSeconds] = "2" })
        );

        await DeletePodAsync("slow");

        Assert.That((await PodAsync("slow"))?.Metadata.DeletionTimestamp, Is.Not.Null);
        await GoneAsync("slow");
    }

    [Test]
    public async Task A_pod_that_takes_a_while_to_start_runs_and_counts_its_work_only_then()
    {
        var since = DateTime.UtcNow;
        await CreateAsync(
            Resources.Pods,
            Workloads.Pod(
                "late",
                Nodes[0],
                annotations: new Dictionary<string, string> { [PodAnnotations.StartSeconds] = "2", [PodAnnotations.RunSeconds] = "1" }
            )
        );

        await Wait.UntilAsync("late runs, or has run", () => PodAsync("late"), pod => pod?.Status?.Phase is "Running" or "Succeeded");
        Assert.That(DateTime.UtcNow - since, Is.GreaterThan(TimeSpan.FromSeconds(2)));
        await Wait.UntilAsync("late is done", () => PodAsync("late"), pod => pod?.Status?.Phase == "Succeeded");
        Assert.That(DateTime.UtcNow - since, Is.GreaterThan(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public async Task A_pod_that_takes_too_long_to_end_is_gone_after_its_grace()
    {
        await RunPodAsync(
            Workloads.Pod(
                "endless",
                Nodes[0],
                grace: 1,
                annotations: new Dictionary<string, string> { [PodAnnotations.TerminationSeconds] = "100000" }
            )
        );

        await DeletePodAsync("endless");

        await GoneAsync("endless");
    }

    [Test]
    public async Task A_second_delete_shortens_the_grace()
    {
        await RunPodAsync(
            Workloads.Pod(
                "endless",
                Nodes[0],
                grace: 100000,
                annotations: new Dictionary<string, string> { [PodAnnotations.TerminationSeconds] = "100000" }
            )
        );
        await DeletePodAsync("endless");
        Assert.That((await PodAsync("endless"))?.Metadata.DeletionGracePeriodSeconds, Is.EqualTo(100000));

        await DeletePodAsync("endless", grace: 1);

        await GoneAsync("endless");
    }

    [Test]
    public async Task A_stuck_pod_stays_terminating_until_it_is_deleted_by_force()
    {
        await RunPodAsync(
            Workloads.Pod(
                "stuck",
                Nodes[0],
                grace: 1,
                annotations: new Dictionary<string, string> { [PodAnnotations.IgnoreTermination] = "true" }
            )
        );
        await RunPodAsync(
            Workloads.Pod(
                "other",
                Nodes[0],
                grace: 2,
                annotations: new Dictionary<string, string> { [PodAnnotations.TerminationSeconds] = "100000" }
            )
        );
        await DeletePodAsync("stuck");
        await DeletePodAsync("other");

        // The other pod, deleted after it and with a longer grace, shows that the kubelet had its time.
        await GoneAsync("other");
        Assert.That((await PodAsync("stuck"))?.Metadata.DeletionTimestamp, Is.Not.Null);

        await DeletePodAsync("stuck", grace: 0);
        await GoneAsync("stuck");
    }

    [Test]
    public async Task A_stopped_kubelet_leaves_its_pods_terminating_until_it_starts_again()
    {
        await RunPodAsync(Workloads.Pod("left", Nodes[0]));
        await RunPodAsync(Workloads.Pod("other", Nodes[1]));
        Cluster.Kubelets[Nodes[0]].Stop();

        await DeletePodAsync("left", grace: 1);
        await DeletePodAsync("other", grace: 1);
        await GoneAsync("other");
        await Wait.UntilAsync("its node is unknown", () => NodeAsync(Nodes[0]), node => ReadyStatus(node) == "Unknown");
        Assert.That((await PodAsync("left"))?.Metadata.DeletionTimestamp, Is.Not.Null);

        await Cluster.Kubelets[Nodes[0]].StartAsync();
        await GoneAsync("left");
    }

    [Test]
    public async Task A_silent_node_is_unreachable_and_its_pods_not_ready_until_its_kubelet_is_back()
    {
        await RunPodAsync(Workloads.Pod("pod", Nodes[0]));
        var uid = (await NodeAsync(Nodes[0])).Metadata.Uid;

        Cluster.Kubelets[Nodes[0]].Stop();
        await Wait.UntilAsync(
            "it is unknown and tainted",
            () => NodeAsync(Nodes[0]),
            node => ReadyStatus(node) == "Unknown" && node.Spec.Taints?.Count(taint => taint.Key == "node.kubernetes.io/unreachable") == 1
        );
        await Wait.UntilAsync("its pod is not ready", () => PodAsync("pod"), pod => !IsReady(pod));

        await Cluster.Kubelets[Nodes[0]].StartAsync();
        var back = await Wait.UntilAsync(
            "it is Ready without taints",
            () => NodeAsync(Nodes[0]),
            node => ReadyStatus(node) == "True" && node.Spec.Taints is null or { Count: 0 }
        );
        Assert.That(back.Metadata.Uid, Is.EqualTo(uid));
        await Wait.UntilAsync("its pod is ready", () => PodAsync("pod"), IsReady);
    }

    [Test]
    public async Task A_kubelet_that_registers_again_leaves_what_others_wrote_on_its_node()
    {
        await Api.MergeAsync<V1Node>(
            Resources.Nodes.At(null, Nodes[0]),
            new { metadata = new { labels = new Dictionary<string, string> { ["theirs"] = "kept" } }, spec = new { unschedulable = true } },
            default
        );

        Cluster.Kubelets[Nodes[0]].Stop();
        await Cluster.Kubelets[Nodes[0]].StartAsync();

        var node = await NodeAsync(Nodes[0]);
        Assert.Multiple(() =>
        {
            Assert.That(node.Metadata.Labels["theirs"], Is.EqualTo("kept"));
            Assert.That(node.Spec.Unschedulable, Is.True);
            Assert.That(ReadyStatus(node), Is.EqualTo("True"));
        });
    }

    [Test]
    public async Task A_pod_that_sleeps_for_a_while_succeeds_and_stays()
    {
        var sleeper = Workloads.Pod("sleeper");
        sleeper.Spec.RestartPolicy = "Never";
        sleeper.Spec.Containers[0].Command = ["sleep", "1"];
        await CreateAsync(Resources.Pods, sleeper);
        await CreateAsync(
            Resources.Pods,
            Workloads.Pod("annotated", annotations: new Dictionary<string, string> { [PodAnnotations.RunSeconds] = "0.5" })
        );

        foreach (var name in new[] { "sleeper", "annotated" })
        {
            var pod = await Wait.UntilAsync($"{name} is finished", () => PodAsync(name), seen => seen?.Status.Phase == "Succeeded");
            Assert.That(pod!.Status.ContainerStatuses[0].State.Terminated.ExitCode, Is.Zero);
        }
    }
}
