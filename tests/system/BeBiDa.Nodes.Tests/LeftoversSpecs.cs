namespace BeBiDa.Nodes.Tests;

/// <summary>What kubelet and its runtime leave behind as they stop, which is not to be there beside a job.</summary>
public class LeftoversSpecs(NodeKind kind) : ConfiguredNodeTest(kind)
{
    [Test]
    public async Task A_unit_that_an_admin_had_stopped_stays_stopped()
    {
        await SystemctlAsync("stop kubelet");
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "the runtime is back",
            async () => await StoppedAsync(Node) == "" && await Lab.UnitStateAsync(Node, Runtime) == "active"
        );
        Assert.That(await Lab.UnitStateAsync(Node, Kubelet), Is.EqualTo("inactive"));
    }

    [Test]
    public async Task A_pod_that_ignores_its_end_is_killed_after_its_grace()
    {
        await RunPodAsync("stubborn", Node, ignoresTermination: true);
        await ConfigureAsync(Kubelet, Runtime);
        await Lab.CutApiAsync();
        try
        {
            Assert.That(
                await RunAsync(Alice, "-w", Node, IsAlone),
                Is.EqualTo(new[] { $"{Node} inactive inactive 0" }),
                "what the API server cannot do, the node does"
            );
        }
        finally
        {
            await Lab.HealApiAsync();
        }
    }

    [Test]
    public async Task Frozen_pods_go_on_after_the_job()
    {
        await RunPodAsync("frozen", Node);
        await ConfigureAsync([Kubelet, Runtime], "freeze");
        var before = await Lab.PodProcessesAsync(Node);
        await Lab.CutApiAsync();
        try
        {
            await RunAsync(Alice, "-w", Node, "true");
        }
        finally
        {
            await Lab.HealApiAsync();
        }
        Assert.That(before, Is.Not.Empty);
        Assert.That(await Lab.PodProcessesAsync(Node), Is.EqualTo(before));
        await ServicesBecomeAsync(Node, "active active");
    }

    [Test]
    public async Task What_outlives_a_unit_is_ended_but_for_the_containers_of_others()
    {
        // As containerd.service: its shims are its children, and KillMode=process leaves them. Two of Kubernetes', one elsewhere.
        const string script =
            "for n in k8s.io moby; do setsid /run/containerd-shim-runc-v2 -c 'while :; do sleep 1; done' -namespace $$n & done; "
            + "setsid sleep 4711 & exec sleep infinity";
        // The copy is made before the unit counts as started, so the shim below finds it.
        await WriteUnitAsync(
            "probe.service",
            $"KillMode=process\nExecStartPre=cp /bin/sh /run/containerd-shim-runc-v2\nExecStart=/bin/sh -c \"{script}\""
        );
        await Lab.ExecAsync(
            Node,
            ["sh", "-c", "setsid /run/containerd-shim-runc-v2 -c 'while :; do sleep 1; done' -namespace k8s.io >/dev/null 2>&1 &"]
        );
        await ConfigureAsync(Kubelet, "probe.service");
        const string count = "echo $(pgrep -c -f 'namespace[ ]k8s.io') $(pgrep -c -f 'namespace[ ]moby') $(pgrep -c -f 'sleep[ ]4711')";
        await EventuallyAsync(
            "all of them run",
            async () => (await Lab.ExecAsync(Node, ["bash", "-c", count])).StandardOutput == "2 1 1\n"
        );
        try
        {
            Assert.That(await RunAsync(Alice, "-w", Node, "bash", "-c", count), Is.EqualTo(new[] { "0 1 0" }));
        }
        finally
        {
            await Lab.ExecAsync(Node, ["pkill", "-KILL", "-f", "namespace[ ]moby"]);
        }
    }

    private const string InMemory = "mkdir -p {0} && mount -t tmpfs tmpfs {0}";

    // kubelet removes the empty folders of a pod that it does not know, at any moment: so they appear with the volume in them.
    private const string InMemoryOfKubelet =
        "p={0}; top=$(echo $p | cut -d/ -f1-6); made=/var/lib/kubelet/made; in=$made${p#$top}; rm -rf $top; "
        + "mkdir -p $in $(dirname $top) && mount -t tmpfs tmpfs $in && mv -T $made $top";

    private const string Network = "mkdir -p /run/netns && touch {0} && unshare --net={0} true";

    [TestCase(
        InMemoryOfKubelet,
        "/var/lib/kubelet/pods/11111111-2222-3333-4444-555555555555/volumes/kubernetes.io~projected/token",
        "/var/lib/kubelet/plugins/other/data"
    )]
    [TestCase(
        InMemory,
        "/run/containerd/io.containerd.runtime.v2.task/k8s.io/4711/rootfs",
        "/run/containerd/io.containerd.runtime.v2.task/moby/4711/rootfs"
    )]
    [TestCase(Network, "/run/netns/cni-11111111-2222-3333-4444-555555555555", "/run/netns/other")]
    public async Task What_is_mounted_for_pods_is_not_there_beside_the_job(string mount, string ofAPod, string other)
    {
        foreach (var point in new[] { ofAPod, other })
            (await Lab.ExecAsync(Node, ["sh", "-c", mount.Replace("{0}", point, StringComparison.Ordinal)])).EnsureSucceeded();
        try
        {
            Assert.That(
                await RunAsync(Alice, "-w", Node, "sh", "-c", $"grep -oe '{ofAPod} ' -e '{other} ' /proc/mounts || true"),
                Is.EqualTo(new[] { $"{other} " })
            );
        }
        finally
        {
            await Lab.ExecAsync(Node, ["umount", other]);
            await Lab.ExecAsync(Node, ["umount", ofAPod]);
        }
    }
}
