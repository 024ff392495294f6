using CliWrap;

namespace BeBiDa.Nodes.Tests;

/// <summary>Nodes that no epilog of ours gives back: systemd does, by the units that are installed.</summary>
public class RecoverySpecs(NodeKind kind) : NodesTest(kind)
{
    private const string Node = "n3";
    private const string PlugStack = "/etc/slurm/plugstack.conf.d/lab.conf";
    private const string DropIn = "/etc/systemd/system/bebida-recover.timer.d/soon.conf";
    private const string Slow = "/etc/systemd/system/containerd.service.d/slow.conf";
    private const string Broken = "/etc/systemd/system/kubelet.service.d/broken.conf";

    [SetUp]
    public async Task LookSoonAsync()
    {
        await OnNodeAsync(
            $"mkdir -p {Path.GetDirectoryName(DropIn)} && printf '[Timer]\\nOnActiveSec=\\nOnActiveSec=2s\\nRandomizedDelaySec=0\\nAccuracySec=1us\\n' > {DropIn} && systemctl daemon-reload"
        );
        Assert.That(await Lab.UnitStateAsync(Node, "bebida-recover.path"), Is.EqualTo("active"));
    }

    [TearDown]
    public Task LookAsSeldomAsAlwaysAsync() => OnNodeAsync($"rm -rf {DropIn} {Broken} {Slow} && systemctl daemon-reload");

    [Test]
    public async Task A_node_whose_epilog_another_plugin_has_stopped_is_drained_and_goes_back_to_Kubernetes_by_itself()
    {
        await BuildPluginAsync();
        var log = await LogFromNowAsync(Node, "bebida-recover");
        var plugins = (await Lab.ExecAsync(Node, ["cat", PlugStack])).EnsureSucceeded().StandardOutput;
        try
        {
            await Lab.WriteFileAsync(Node, PlugStack, $"required fails.so\n{plugins}");
            await RunAsync(Alice, "-w", Node, "true");
            await EventuallyAsync("the epilog has failed", async () => await Lab.SlurmStateAsync(Node) == "drain");
            await ServicesBecomeAsync(Node, "active active");
        }
        finally
        {
            await Lab.WriteFileAsync(Node, PlugStack, plugins);
            await Lab.SlurmAsync("scontrol", ["update", $"nodename={Node}", "state=resume"]);
        }
        Assert.That(await log(), Does.Contain("has left this node without an epilog"));
    }

    [Test]
    public async Task A_node_whose_slurmd_has_died_goes_back_to_Kubernetes_once_its_job_is_over()
    {
        var job = await StartAsync(Alice, "--no-requeue", "-w", Node);
        await OnNodeAsync("systemctl kill --kill-whom=main --signal=KILL slurmd; systemctl stop slurmd");
        await Lab.WaitForJobAsync(job, "NODE_FAIL");
        await TwoLooksAsync();
        Assert.That(await ServicesAsync(Node), Is.EqualTo("inactive inactive"), "its slurmstepd runs on");

        await OnNodeAsync("pkill -KILL slurmstepd");
        await ServicesBecomeAsync(Node, "active active");
        await OnNodeAsync("systemctl start slurmd");
    }

    [Test]
    public async Task A_job_that_runs_keeps_its_node_however_often_it_is_looked_at([Values] bool hasStep)
    {
        var job = hasStep ? await StartAsync(Alice, "-w", Node) : await AllocateAsync();
        await TwoLooksAsync();
        Assert.That((await ServicesAsync(Node), await JobsOnAsync(Node)), Is.EqualTo(("inactive inactive", $"{job}")));
        await CancelAsync(job);
        await ServicesBecomeAsync(Node, "active active");
        await EventuallyAsync("nothing looks any more", async () => await Lab.UnitStateAsync(Node, "bebida-recover.timer") == "inactive");
    }

    [Test]
    public async Task A_service_that_did_not_start_again_is_started_when_it_can_be_without_another_job()
    {
        await OnNodeAsync(
            $"mkdir -p {Path.GetDirectoryName(Broken)} && printf '[Service]\\nExecStartPre=/usr/bin/test ! -e /run/broken\\nRestart=no\\n' > {Broken} && systemctl daemon-reload && touch /run/broken"
        );
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync(
            "it has not started",
            async () => await StoppedAsync(Node) == Kubelet && await Lab.UnitStateAsync(Node, Kubelet) == "failed"
        );
        await EventuallyAsync("monitoring sees it", async () => await Lab.UnitStateAsync(Node, "bebida-recover") == "failed");
        await OnNodeAsync("rm /run/broken /run/bebida/next-try");
        await ServicesBecomeAsync(Node, "active active");
    }

    [Test]
    public async Task A_service_that_starts_more_slowly_than_its_epilog_waits_is_owed_until_recovery_sees_it_run()
    {
        await LookAsSeldomAsAlwaysAsync();
        await OnNodeAsync(
            $"mkdir -p {Path.GetDirectoryName(Slow)} && printf '[Service]\\nExecStartPre=/bin/sleep 8\\n' > {Slow} && systemctl daemon-reload"
        );
        await RunAsync(Alice, "-w", Node, "true");
        await EventuallyAsync("its epilog is over", async () => await Lab.SlurmStateAsync(Node) == "idle");
        Assert.That(await StoppedAsync(Node), Is.EqualTo(Runtime));
        await ServicesBecomeAsync(Node, "active active");
        Assert.That(await StoppedAsync(Node), Is.EqualTo(Runtime), "nobody has looked yet");
        await FreeAsync();
    }

    private async Task<int> AllocateAsync()
    {
        (await Lab.SlurmAsync("salloc", ["--no-shell", "-w", Node], Alice)).EnsureSucceeded();
        await EventuallyAsync("its prolog has run", async () => await ServicesAsync(Node) == "inactive inactive");
        return int.Parse(await JobsOnAsync(Node), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task TwoLooksAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var last = await LastLookAsync();
            await EventuallyAsync("recovery has looked", async () => await LastLookAsync() is { } look && look != last && look != "0");
        }
    }

    private async Task<string> LastLookAsync() =>
        (await Lab.ExecAsync(Node, ["systemctl", "show", "--property=ExecMainExitTimestampMonotonic", "--value", "bebida-recover.service"]))
            .EnsureSucceeded()
            .StandardOutput.Trim();

    // A plugin of a site's own. /usr/local of the machines is the lab's prefix on this host.
    private async Task BuildPluginAsync()
    {
        var source = Path.Combine(Lab.Directory, "fails.c");
        await File.WriteAllTextAsync(
            source,
            "#include <slurm/spank.h>\nSPANK_PLUGIN(fails, 1)\nint slurm_spank_job_epilog(spank_t s, int n, char **words) { (void)s; (void)n; (void)words; return -1; }\n"
        );
        await Cli.Wrap("cc")
            .WithArguments(["-shared", "-fPIC", "-o", Path.Combine(Lab.Directory, "prefix", "lib", "slurm", "fails.so"), source])
            .ExecuteAsync();
    }

    private async Task OnNodeAsync(string script) => await Lab.ExecAsync(Node, ["sh", "-c", script]);
}
