using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>Whatever a pod is doing when the job comes: the job finds nothing of it.</summary>
[TestFixtureSource(typeof(NodeKinds), nameof(NodeKinds.RealOnly))]
public partial class PodSpecs(NodeKind kind) : NodesTest(kind)
{
    private const string Node = "n1";
    private const string Configuration = "/etc/bebida/bebida.yaml";
    private const string Manifest = "/etc/kubernetes/manifests/static.yaml";

    // Nothing answers there: what asks waits.
    private const string NoRegistry = "192.0.2.1";

    [SetUp]
    public async Task SeeWhatNoJobMayFindAsync() =>
        Assert.That(OfKubernetes(await OnNodeAsync(Inventory.Program)), Does.Contain("process kubelet").And.Contain("process containerd"));

    [TearDown]
    public Task RemoveStaticPodAsync() => OnNodeAsync($"rm -f {Manifest}");

    [Test]
    public async Task A_pods_preStop_hook_is_run_to_its_end_before_the_job()
    {
        await CreatePodAsync(
            """
              volumes:
              - {name: host, hostPath: {path: /var/log}}
              containers:
              - name: c
                image: lab/busybox:1
                command: [sleep, inf]
                volumeMounts: [{name: host, mountPath: /host}]
                lifecycle: {preStop: {exec: {command: [sh, -c, "sleep 1; touch /host/stopped"]}}}
            """
        );
        await PodRunsAsync();
        Assert.That(await BesideJobAsync(), Is.Empty);
        Assert.That(await OnNodeAsync("ls /var/log/stopped"), Is.EqualTo("/var/log/stopped\n"));
    }

    [Test]
    public async Task A_pod_has_its_own_long_grace_where_the_configuration_leaves_it()
    {
        var before = (await Lab.ExecAsync(ContainerLab.Controller, ["cat", Configuration])).EnsureSucceeded().StandardOutput;
        await ConfigureControllerAsync(
            before
                .Replace(
                    "eviction: {deadline: 6s, gracePeriod: 2s}",
                    "eviction: {deadline: 60s, gracePeriod: pod}",
                    StringComparison.Ordinal
                )
                .Replace("deadline: 8s", "deadline: 70s", StringComparison.Ordinal)
        );
        try
        {
            await CreatePodAsync(
                """
                  volumes:
                  - {name: host, hostPath: {path: /var/log}}
                  containers:
                  - name: c
                    image: lab/busybox:1
                    command: [sh, -c, "trap 'sleep 7; touch /host/finished; exit' TERM; sleep inf & wait"]
                    volumeMounts: [{name: host, mountPath: /host}]
                """
            );
            await PodRunsAsync();
            Assert.That(await BesideJobAsync(), Is.Empty);
            Assert.That(await OnNodeAsync("ls /var/log/finished"), Is.EqualTo("/var/log/finished\n"), "seven of its thirty seconds");
        }
        finally
        {
            await ConfigureControllerAsync(before);
        }
    }

    [Test]
    public async Task A_pod_whose_init_container_is_just_starting_is_gone([Values] bool hasStarted)
    {
        await CreatePodAsync(
            """
              initContainers:
              - {name: first, image: "lab/busybox:1", command: [sleep, inf]}
              containers:
              - {name: c, image: "lab/busybox:1", command: [sleep, inf]}
            """
        );
        if (hasStarted)
            await EventuallyAsync("its first process runs", async () => (await Lab.PodProcessesAsync(Node)).Count > 0);
        Assert.That(await BesideJobAsync(), Is.Empty);
    }

    [Test]
    public async Task A_pod_whose_image_is_being_pulled_is_gone()
    {
        await OnNodeAsync($"iptables -A OUTPUT -d {NoRegistry} -j DROP");
        try
        {
            await CreatePodAsync($"  containers:\n  - {{name: c, image: '{NoRegistry}:5000/none:1', imagePullPolicy: Always}}");
            await EventuallyAsync(
                "its image is being pulled",
                async () =>
                    (await Lab.Client.CoreV1.ListNamespacedEventAsync("default", fieldSelector: "reason=Pulling")).Items.Any(e =>
                        e.Message.Contains(NoRegistry, StringComparison.Ordinal)
                    )
            );
            Assert.That(await BesideJobAsync(), Is.Empty);
        }
        finally
        {
            await Lab.ConnectAsync(Node);
        }
    }

    [Test]
    public async Task A_job_that_arrives_while_kubelet_starts_finds_nothing_of_it()
    {
        await Lab.WriteFileAsync(
            Node,
            Manifest,
            Pod("static", "  containers:\n  - {name: c, image: 'lab/busybox:1', command: [sh, -c, 'trap exit TERM; sleep inf & wait']}")
        );
        for (var delay = TimeSpan.Zero; delay < TimeSpan.FromSeconds(2); delay += TimeSpan.FromSeconds(0.5))
        {
            await EventuallyAsync("the static pod runs", async () => (await Lab.PodsAsync(Node)).Count == 1);
            await OnNodeAsync("systemctl stop kubelet containerd && systemctl start --no-block containerd kubelet");
            // Each time kubelet is a little further when the job comes.
            await Task.Delay(delay);
            Assert.That(await BesideJobAsync(), Is.Empty, $"{delay.TotalSeconds} s after kubelet began to start");
        }
    }

    // The job itself looks, as root.
    private async Task<IReadOnlyList<string>> BesideJobAsync() =>
        OfKubernetes((await Lab.SlurmAsync("srun", ["-w", Node, Inventory.Program])).EnsureSucceeded().StandardOutput);

    private static IReadOnlyList<string> OfKubernetes(string inventory) =>
        [.. inventory.Split('\n').Where(line => Kubernetes().IsMatch(line))];

    [GeneratedRegex(
        @"^process (kubelet|containerd\S*|runc\S*|sh|sleep)$|^mount /(run/netns|run/containerd|var/lib/kubelet)/|^namespace |^interface veth|^port .* (kubelet|containerd)$"
    )]
    private static partial Regex Kubernetes();

    private Task CreatePodAsync(string spec) =>
        Lab.Client.CoreV1.CreateNamespacedPodAsync(KubernetesYaml.Deserialize<V1Pod>(Pod("pod", spec)), "default");

    private static string Pod(string name, string spec) =>
        $"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  nodeName: {Node}\n{spec}\n";

    private Task PodRunsAsync() =>
        EventuallyAsync(
            "the pod runs",
            async () => (await Lab.Client.CoreV1.ReadNamespacedPodAsync("pod", "default")).Status?.Phase == "Running"
        );

    private async Task<string> OnNodeAsync(string script) =>
        (await Lab.ExecAsync(Node, ["bash", "-c", script])).EnsureSucceeded().StandardOutput;

    private async Task ConfigureControllerAsync(string configuration)
    {
        await Lab.WriteFileAsync(ContainerLab.Controller, Configuration, configuration);
        (await Lab.ExecAsync(ContainerLab.Controller, ["systemctl", "restart", "slurmctld"])).EnsureSucceeded();
        await Lab.WaitUntilReadyAsync();
    }
}
