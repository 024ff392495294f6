namespace BeBiDa.Nodes.Tests;

/// <summary>Units of every kind, on a real systemd: what node.services names is what stops and starts.</summary>
public class ServicesSpecs : NodesTest
{
    private const string Node = "n3";

    // Where packages put them: an admin's mask in /etc goes before it.
    private const string Units = "/usr/lib/systemd/system";
    private string configuration = "";

    [SetUp]
    public async Task RememberConfigurationAsync() =>
        configuration = (await Lab.ExecAsync(Node, ["cat", "/etc/bebida/bebida.yaml"])).EnsureSucceeded().StandardOutput;

    [TearDown]
    public async Task RestoreConfigurationAsync()
    {
        await Lab.WriteFileAsync(Node, "/etc/bebida/bebida.yaml", configuration);
        await SystemctlAsync(
            $"unmask probe; systemctl stop probe crio sycri k3s-agent; systemctl start containerd kubelet; rm -rf {Units}/{{probe,crio,sycri,k3s-agent}}.service*; systemctl daemon-reload; systemctl reset-failed"
        );
        // A unit that no longer exists is owed to nobody.
        await Lab.ExecAsync(Node, ["rm", "-f", "/run/bebida/stopped"]);
    }

    [TestCase("kubelet.service", "crio.service")]
    [TestCase("kubelet.service", "sycri.service")]
    [TestCase("k3s-agent.service")]
    public async Task Whatever_runs_containers_stops_before_the_job_and_starts_after_it(params string[] units)
    {
        foreach (var unit in units.Where(u => u != Kubelet))
            await WriteUnitAsync(unit, "ExecStart=/bin/sleep infinity");
        await ConfigureAsync(units);

        Assert.That(
            (await RunAsync(Alice, "-w", Node, "sh", "-c", $"systemctl is-active {string.Join(" ", units)} || true")).Distinct(),
            Is.EqualTo(new[] { "inactive" })
        );
        foreach (var unit in units)
            await EventuallyAsync($"{unit} is back", async () => await Lab.UnitStateAsync(Node, unit) == "active");
    }

    [Test]
    public async Task A_unit_that_is_not_installed_is_no_reason_to_fail()
    {
        await ConfigureAsync("no-such.service", Kubelet);
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("the node is idle", async () => await Lab.SlurmStateAsync(Node) == "idle");
    }

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
    public async Task A_unit_that_is_masked_while_it_runs_is_stopped_and_not_started_again()
    {
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity");
        await ConfigureAsync("probe.service");
        await SystemctlAsync("mask probe");
        Assert.That(await Lab.UnitStateAsync(Node, "probe.service"), Is.EqualTo("active"));

        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("the epilog has run", async () => await StoppedAsync(Node) == "" && await JobsOnAsync(Node) == "");
        Assert.That(await Lab.UnitStateAsync(Node, "probe.service"), Is.EqualTo("inactive"));
        Assert.That(
            await Lab.ReadLogAsync(Node, "slurmd"),
            Does.Contain("probe.service was stopped for a job and is masked now, so it is not started")
        );
    }

    [Test]
    public async Task A_unit_that_has_failed_is_down_already()
    {
        await WriteUnitAsync("probe.service", "ExecStart=/bin/false", start: false);
        await ConfigureAsync("probe.service");
        await SystemctlAsync("start probe");
        await EventuallyAsync("it has failed", async () => await Lab.UnitStateAsync(Node, "probe.service") == "failed");
        await RunAsync(Alice, "-w", Node, "true");
    }

    [Test]
    public async Task A_unit_that_crashes_again_and_again_is_kept_down_during_the_job()
    {
        await WriteUnitAsync(
            "probe.service",
            "ExecStart=/bin/false\nRestart=always\nRestartSec=1",
            unit: "StartLimitIntervalSec=0",
            start: false
        );
        await ConfigureAsync("probe.service");
        await SystemctlAsync("start probe");
        Assert.That(
            await RunAsync(Alice, "-w", Node, "sh", "-c", "sleep 2; systemctl is-active probe || true"),
            Is.EqualTo(new[] { "inactive" })
        );
    }

    [Test]
    public async Task A_slow_unit_gets_the_time_that_is_configured()
    {
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 3\nExecStartPre=/bin/sleep 2");
        await ConfigureAsync("probe.service");
        Assert.That(await RunAsync(Alice, "-w", Node, "sh", "-c", "systemctl is-active probe || true"), Is.EqualTo(new[] { "inactive" }));
        await EventuallyAsync("it is back", async () => await Lab.UnitStateAsync(Node, "probe.service") == "active");
    }

    [Test]
    public async Task A_unit_that_does_not_start_again_is_reported_and_the_next_epilog_tries_again()
    {
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity\nExecStartPre=/usr/bin/test ! -e /run/broken");
        await ConfigureAsync("probe.service");
        await Lab.ExecAsync(Node, ["touch", "/run/broken"]);
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "it is reported",
            async () =>
                (await Lab.ReadLogAsync(Node, "slurmd")).Contains(
                    $"node {Node} is not back in Kubernetes: probe.service did not start: failed",
                    StringComparison.Ordinal
                )
        );
        await EventuallyAsync("the node is Slurm's to use all the same", async () => await Lab.SlurmStateAsync(Node) == "idle");
        Assert.That(await StoppedAsync(Node), Is.EqualTo("probe.service"));

        await Lab.ExecAsync(Node, ["rm", "/run/broken"]);
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "it is back",
            async () => await Lab.UnitStateAsync(Node, "probe.service") == "active" && await StoppedAsync(Node) == ""
        );
    }

    [Test]
    public async Task A_service_that_is_started_during_the_job_is_kept_down_by_the_drop_in_that_is_shipped()
    {
        const string folder = $"{Units}/probe.service.d";
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity");
        await Lab.ExecAsync(Node, ["mkdir", "-p", folder]);
        await Lab.WriteFileAsync(
            Node,
            $"{folder}/bebida.conf",
            await File.ReadAllTextAsync(Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "systemd", "bebida.conf"))
        );
        await SystemctlAsync("daemon-reload");
        await ConfigureAsync("probe.service");

        var job = await StartAsync(Alice, "-w", Node);
        await SystemctlAsync("start probe");
        Assert.That(await Lab.UnitStateAsync(Node, "probe.service"), Is.EqualTo("inactive"));
        await CancelAsync(job);
        await EventuallyAsync("it is back", async () => await Lab.UnitStateAsync(Node, "probe.service") == "active");
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
        Assert.That(before, Has.Count.EqualTo(1));
        Assert.That(await Lab.PodProcessesAsync(Node), Is.EqualTo(before));
        await ServicesBecomeAsync(Node, "active active");
    }

    [Test]
    public async Task What_systemd_stops_with_the_runtime_runs_again_after_the_job()
    {
        await WriteUnitAsync("crio.service", "ExecStart=/bin/sleep infinity");
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity", unit: "Requires=crio.service\nAfter=crio.service");
        await WriteUnitAsync("sycri.service", "ExecStart=/bin/sleep infinity", unit: "BindsTo=probe.service");
        await ConfigureAsync(Kubelet, "crio.service");
        Assert.That(
            (await RunAsync(Alice, "-w", Node, "sh", "-c", "systemctl is-active probe sycri || true")).Distinct(),
            Is.EqualTo(new[] { "inactive" })
        );
        foreach (var unit in new[] { "crio.service", "probe.service", "sycri.service" })
            await EventuallyAsync($"{unit} is back", async () => await Lab.UnitStateAsync(Node, unit) == "active");
    }

    [Test]
    public async Task What_outlives_a_unit_is_ended_but_for_the_containers_of_others()
    {
        // As containerd.service: its shims are its children, and KillMode=process leaves them. Two of Kubernetes', one elsewhere.
        const string script =
            "cp /bin/sh /run/containerd-shim-runc-v2; for n in k8s.io moby; do setsid /run/containerd-shim-runc-v2 -c 'while :; do sleep 1; done' -namespace $$n & done; setsid sleep 4711 & exec sleep infinity";
        await WriteUnitAsync("probe.service", $"KillMode=process\nExecStart=/bin/sh -c \"{script}\"");
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

    [Test]
    public async Task Volumes_of_pods_in_memory_are_not_there_beside_the_job()
    {
        const string pod = "/var/lib/kubelet/pods/11111111-2222-3333-4444-555555555555/volumes/kubernetes.io~projected/token";
        const string other = "/var/lib/kubelet/plugins/other";
        await Lab.ExecAsync(Node, ["sh", "-c", $"mkdir -p {pod} {other} && mount -t tmpfs tmpfs {pod} && mount -t tmpfs tmpfs {other}"]);
        try
        {
            Assert.That(
                await RunAsync(Alice, "-w", Node, "sh", "-c", "grep -o '/var/lib/kubelet/[^ ]*' /proc/mounts || true"),
                Is.EqualTo(new[] { other })
            );
        }
        finally
        {
            await Lab.ExecAsync(Node, ["umount", other]);
        }
    }

    private Task ConfigureAsync(params string[] units) => ConfigureAsync(units, "stop");

    private Task ConfigureAsync(string[] units, string leftoverPods) =>
        Lab.WriteFileAsync(
            Node,
            "/etc/bebida/bebida.yaml",
            $"eviction: {{gracePeriod: 1s}}\nnode: {{services: [{string.Join(", ", units)}], stopTimeout: 10s, startTimeout: 5s, leftoverPods: {leftoverPods}}}\n"
        );

    private async Task WriteUnitAsync(string name, string service, string unit = "", bool start = true)
    {
        await Lab.WriteFileAsync(Node, $"{Units}/{name}", $"[Unit]\n{unit}\n[Service]\n{service}\n");
        await SystemctlAsync("daemon-reload");
        if (start)
            await SystemctlAsync($"start {name}");
    }

    private Task<CommandResult> SystemctlAsync(string arguments) => Lab.ExecAsync(Node, ["bash", "-c", $"systemctl {arguments}"]);
}
