namespace BeBiDa.Nodes.Tests;

/// <summary>
/// Units of every kind, on a real systemd: what node.services names is what stops and starts. On hollow nodes only: the
/// units are the tests' own, under the names of other runtimes too, and nothing here asks what kubelet does.
/// </summary>
[TestFixture(NodeKind.Hollow)]
public class ServicesSpecs(NodeKind kind) : ConfiguredNodeTest(kind)
{
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
    public async Task A_unit_that_is_masked_while_it_runs_is_stopped_and_not_started_again()
    {
        await WriteUnitAsync("probe.service", "ExecStart=/bin/sleep infinity");
        await ConfigureAsync("probe.service");
        await SystemctlAsync("mask probe");
        var log = await LogFromNowAsync(Node, "slurmd");
        Assert.That(await Lab.UnitStateAsync(Node, "probe.service"), Is.EqualTo("active"));

        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("the epilog has run", async () => await StoppedAsync(Node) == "" && await JobsOnAsync(Node) == "");
        Assert.That(await Lab.UnitStateAsync(Node, "probe.service"), Is.EqualTo("inactive"));
        Assert.That(await log(), Does.Contain("probe.service was stopped for a job and is masked now, so it is not started"));
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
    public async Task Short_jobs_one_after_the_other_are_no_reason_for_systemd_to_refuse_a_unit()
    {
        // A unit that is enabled: systemd forgets how often it has started any other.
        const string folder = $"/etc/systemd/system/{Runtime}.d";
        await Lab.ExecAsync(Node, ["mkdir", folder]);
        await Lab.WriteFileAsync(Node, $"{folder}/limit.conf", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n");
        await SystemctlAsync("daemon-reload");
        var log = await LogFromNowAsync(Node, "slurmd");
        try
        {
            for (var job = 0; job < 3; job++)
            {
                await RunAsync(Alice, "-w", Node, "true");
                await ServicesBecomeAsync(Node, "active active");
            }
        }
        finally
        {
            await Lab.ExecAsync(Node, ["rm", "-r", folder]);
        }
        // A unit that is refused is tried again later, and then it starts.
        Assert.That(await log(), Does.Not.Contain($"{Runtime} did not start"));
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
        var log = await LogFromNowAsync(Node, "slurmd");
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "it is reported",
            async () =>
                (await log()).Contains(
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
}
