using BeBiDa.EmbeddedApi;
using k8s;
using k8s.Models;

namespace BeBiDa.Containers.Tests;

/// <summary>What tests on the container lab build upon, on one lab.</summary>
public sealed class LabSpecs
{
    private static readonly TimeSpan s_patience = Eventually.Patience;

    private ContainerLab lab = null!;

    [OneTimeSetUp]
    public async Task StartLabAsync()
    {
        if (await ContainerLab.WhyNotAsync() is { } why)
            Assert.Ignore($"Docker does not run here: {why}");
        lab = await ContainerLab.StartAsync(
            new ContainerLabOptions
            {
                Configuration = "eviction:\n  gracePeriod: 1s\n",
                PlugStack = ["# a line of the test"],
                SlurmConf = ["InactiveLimit=77"],
            }
        );
    }

    [OneTimeTearDown]
    public async Task StopLabAsync()
    {
        if (lab is not null)
            await lab.DisposeAsync();
    }

    [TearDown]
    public Task HealAsync() => lab.WaitUntilReadyAsync();

    [Test]
    public async Task A_users_job_runs_on_two_nodes_as_that_user()
    {
        var result = (
            await lab.SlurmAsync("srun", ["-N2", "sh", "-c", "echo $(hostname) $(id -un) $(id -gn)"], user: "alice")
        ).EnsureSucceeded();

        Assert.That(Lines(result.StandardOutput).Order(), Is.EqualTo(new[] { "n1 alice physics", "n2 alice physics" }));
    }

    [Test]
    public async Task A_batch_job_leaves_its_output_in_the_home_that_all_machines_share()
    {
        var job = await lab.SubmitAsync(["-w", "n3", "--output=out", "--wrap", "hostname"], user: "bob");

        await lab.WaitForJobAsync(job, "COMPLETED");

        Assert.That((await lab.ExecAsync("n1", ["cat", "/home/bob/out"])).StandardOutput, Is.EqualTo("n3\n"));
    }

    [Test]
    public async Task The_options_texts_stand_in_the_machines_configuration()
    {
        Assert.That(
            (await lab.ExecAsync("n1", ["cat", "/etc/bebida/bebida.yaml"])).StandardOutput,
            Does.EndWith("eviction:\n  gracePeriod: 1s\n")
        );
        Assert.That(
            (await lab.ExecAsync("n1", ["cat", "/etc/slurm/plugstack.conf.d/lab.conf"])).StandardOutput,
            Is.EqualTo("# a line of the test\n")
        );
        Assert.That((await lab.SlurmAsync("scontrol", ["show", "config"])).StandardOutput, Does.Match("InactiveLimit *= 77 sec"));
    }

    [Test]
    public async Task The_jobs_nodes_are_held_while_it_runs_and_given_back_after()
    {
        var job = await lab.SubmitAsync(["-w", "n1", "--output=/dev/null", "--wrap", "sleep 600"]);
        await lab.WaitForJobAsync(job, "RUNNING");

        Assert.That((await lab.NodeAsync("n1")).Spec.Unschedulable, Is.True);
        Assert.That((await lab.NodeAsync("n1")).Metadata.Annotations, Contains.Key($"hold.bebida.io/lab.{job}"));
        Assert.That((await lab.NodeAsync("n2")).Spec.Unschedulable, Is.Not.True);

        (await lab.SlurmAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await EventuallyAsync("n1 is schedulable again", async () => (await lab.NodeAsync("n1")).Spec.Unschedulable != true);
    }

    [Test]
    public async Task A_pods_process_runs_in_the_slice_and_outlives_kubelet()
    {
        await RunPodAsync("outlives", "n2");
        var process = await lab.PodProcessesAsync("n2");
        Assert.That(process, Has.Count.EqualTo(1));

        (await lab.ExecAsync("n2", ["systemctl", "stop", "kubelet"])).EnsureSucceeded();
        Assert.That(await lab.UnitStateAsync("n2", "kubelet"), Is.EqualTo("inactive"));
        Assert.That(await lab.PodProcessesAsync("n2"), Is.EqualTo(process));

        (await lab.ExecAsync("n2", ["systemctl", "start", "kubelet"])).EnsureSucceeded();
        await lab.Kubectl.RunAsync("delete", "pod", "outlives", "--grace-period=1");
        await EventuallyAsync("its process is gone", async () => (await lab.PodProcessesAsync("n2")).Count == 0);
    }

    [Test]
    public async Task A_killed_node_is_lost_on_both_sides_and_comes_back()
    {
        await lab.KillAsync("n3");
        await EventuallyAsync("n3 is NotReady", async () => !(await lab.ReadyNodesAsync()).Contains("n3"));
        await EventuallyAsync("n3 is down", async () => await lab.SlurmStateAsync("n3") == "down*");

        await lab.StartAsync("n3");
        await lab.WaitUntilReadyAsync();
    }

    [Test]
    public async Task A_node_with_a_frozen_pod_can_be_killed()
    {
        await RunPodAsync("frozen", "n3");
        const string freeze = """
            cd /sys/fs/cgroup
            if [ -e freezer ]; then echo FROZEN > freezer/kubepods.slice/freezer.state; else echo 1 > kubepods.slice/cgroup.freeze; fi
            """;
        (await lab.ExecAsync("n3", ["sh", "-c", freeze])).EnsureSucceeded();

        await lab.KillAsync("n3");
        await lab.StartAsync("n3");

        await lab.WaitUntilReadyAsync();
        await lab.Kubectl.RunAsync("delete", "pod", "frozen", "--grace-period=1");
    }

    [Test]
    public async Task A_node_cut_off_from_the_API_is_NotReady_and_still_runs_jobs()
    {
        await lab.DisconnectAsync("n2", Cut.Api);
        await EventuallyAsync("n2 is NotReady", async () => !(await lab.ReadyNodesAsync()).Contains("n2"));
        Assert.That((await lab.SlurmAsync("srun", ["-w", "n2", "hostname"])).EnsureSucceeded().StandardOutput, Is.EqualTo("n2\n"));

        await lab.ConnectAsync("n2");
    }

    [Test]
    public async Task A_node_cut_off_from_everything_is_lost_on_both_sides()
    {
        await lab.DisconnectAsync("n2", Cut.Everything);
        await EventuallyAsync("n2 is NotReady", async () => !(await lab.ReadyNodesAsync()).Contains("n2"));
        await EventuallyAsync("n2 is down", async () => await lab.SlurmStateAsync("n2") == "down*");

        await lab.ConnectAsync("n2");
    }

    [Test]
    public async Task The_controller_can_be_cut_off_from_the_API()
    {
        Assert.That(await ConnectsWithinAsync(60), Is.True);
        await lab.CutApiAsync();
        Assert.That(await ConnectsWithinAsync(1), Is.False);
        await lab.HealApiAsync();
        Assert.That(await ConnectsWithinAsync(60), Is.True);

        // bash itself would say 1 where a connection is refused.
        async Task<bool> ConnectsWithinAsync(int seconds) =>
            (await lab.ExecAsync(ContainerLab.Controller, ["timeout", $"{seconds}", "bash", "-c", ": </dev/tcp/api/6443"])).ExitCode switch
            {
                0 => true,
                124 => false,
                var code => throw new AssertionException($"it ended with {code}"),
            };
    }

    [Test]
    public async Task A_reboot_empties_run_and_starts_the_units_again()
    {
        await lab.WriteFileAsync("n1", "/run/marked", "");
        await lab.WriteFileAsync("n1", "/var/marked", "");

        await lab.RebootAsync("n1");

        Assert.That((await lab.ExecAsync("n1", ["ls", "/run/marked"])).ExitCode, Is.Not.Zero);
        Assert.That((await lab.ExecAsync("n1", ["ls", "/var/marked"])).ExitCode, Is.Zero);
        foreach (var unit in new[] { "munge", "slurmd", "kubelet", "containerd" })
            Assert.That(await lab.UnitStateAsync("n1", unit), Is.EqualTo("active"), unit);
    }

    [Test]
    public async Task Logs_are_read_by_unit()
    {
        Assert.That(
            await lab.ReadLogAsync(ContainerLab.Controller, "slurmctld"),
            Does.Contain("bebida: configured by /etc/bebida/bebida.yaml")
        );
        Assert.That(await lab.ReadLogAsync("n1", "slurmd"), Does.Contain("slurmd version"));
        Assert.That(await lab.ReadLogAsync("n1", "kubelet"), Does.Contain("ready: 1 kubelets"));
    }

    [Test]
    public async Task Another_lab_without_the_plugin_stands_beside_it()
    {
        await using var other = await ContainerLab.StartAsync(
            new ContainerLabOptions
            {
                Nodes = 2,
                Plugin = false,
                Api = TestServers.All.Last(),
            }
        );

        var job = await other.SubmitAsync(["-N2", "--output=/dev/null", "--wrap", "sleep 600"]);
        await other.WaitForJobAsync(job, "RUNNING");

        Assert.That(await other.ReadyNodesAsync(), Is.EqualTo(new[] { "n1", "n2" }));
        Assert.That((await other.NodeAsync("n1")).Spec.Unschedulable, Is.Not.True);
        Assert.That(await lab.SlurmStateAsync("n1"), Is.EqualTo("idle"));
    }

    private async Task RunPodAsync(string name, string node)
    {
        await lab.Client.CoreV1.CreateNamespacedPodAsync(
            new V1Pod
            {
                Metadata = new V1ObjectMeta { Name = name },
                Spec = new V1PodSpec
                {
                    NodeName = node,
                    Containers =
                    [
                        new V1Container
                        {
                            Name = "c",
                            Image = "none",
                            Command = ["sleep", "infinity"],
                        },
                    ],
                },
            },
            "default"
        );
        await EventuallyAsync(
            $"{name} runs",
            async () => (await lab.Client.CoreV1.ReadNamespacedPodAsync(name, "default")).Status?.Phase == "Running"
        );
    }

    private static Task EventuallyAsync(string what, Func<Task<bool>> condition) =>
        Eventually.HoldsAsync(what, s_patience, _ => condition());

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
