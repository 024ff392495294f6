namespace BeBiDa.Nodes.Tests;

public class CrashSpecs(NodeKind kind) : NodesTest(kind)
{
    [Test]
    public async Task A_slurmd_that_is_killed_and_started_again_gives_the_node_back_after_the_job()
    {
        var job = await StartAsync(Alice, "-w", "n1");
        await Lab.ExecAsync("n1", ["systemctl", "kill", "--kill-whom=main", "--signal=KILL", "slurmd"]);
        (await Lab.ExecAsync("n1", ["systemctl", "restart", "slurmd"])).EnsureSucceeded();
        Assert.That(await ServicesAsync("n1"), Is.EqualTo("inactive inactive"));

        await CancelAsync(job);
        await ServicesBecomeAsync("n1", "active active");
    }

    [Test]
    public async Task A_job_that_ends_while_slurmd_is_away_gives_the_node_back()
    {
        var job = await StartAsync(Alice, "-w", "n1");
        await Lab.ExecAsync("n1", ["systemctl", "stop", "slurmd"]);
        await CancelAsync(job);
        (await Lab.ExecAsync("n1", ["systemctl", "start", "slurmd"])).EnsureSucceeded();
        await ServicesBecomeAsync("n1", "active active");
    }

    [Test]
    public async Task A_node_that_reboots_during_a_job_is_Kubernetes_own_again()
    {
        await StartAsync(Alice, "--no-requeue", "-w", "n1");
        await Lab.RebootAsync("n1");
        Assert.That((await ServicesAsync("n1"), await JobsOnAsync("n1")), Is.EqualTo(("active active", "")));
    }

    [Test]
    public async Task A_node_that_is_killed_during_a_job_leaves_no_hold_and_comes_back()
    {
        var job = await StartAsync(Alice, "--no-requeue", "-N2", "-w", "n1,n2");
        await Lab.KillAsync("n1");
        await Lab.WaitForJobAsync(job, "NODE_FAIL");
        await EventuallyAsync(
            "the job's holds are gone, on the dead node, which is held as such, and on the living one",
            async () => (await HoldsAsync()).SequenceEqual(["n1 lab.down"])
        );
        await ServicesBecomeAsync("n2", "active active");
        await Lab.StartAsync("n1");
    }

    [Test]
    public async Task A_prolog_that_is_repeated_and_an_epilog_without_a_prolog_change_nothing()
    {
        await HookAsync("n3", "epilog", 4711);
        Assert.That(await ServicesAsync("n3"), Is.EqualTo("active active"));

        var job = await StartAsync(Alice, "-p", "shared", "-w", "n3");
        await HookAsync("n3", "prolog", job);
        await HookAsync("n3", "epilog", 4711);
        Assert.That((await ServicesAsync("n3"), await JobsOnAsync("n3")), Is.EqualTo(("inactive inactive", $"{job}")));

        await CancelAsync(job);
        await ServicesBecomeAsync("n3", "active active");
        await HookAsync("n3", "epilog", job);
        Assert.That(await ServicesAsync("n3"), Is.EqualTo("active active"));
    }

    [Test]
    public async Task A_job_whose_epilog_never_came_keeps_the_node_from_nobody()
    {
        await HookAsync("n3", "prolog", 4711);
        Assert.That(await ServicesAsync("n3"), Is.EqualTo("inactive inactive"));
        await RunAsync(Alice, "-w", "n3", IsAlone);
        await ServicesBecomeAsync("n3", "active active");
        Assert.That(await Lab.ReadLogAsync("n3", "slurmd"), Does.Contain("job 4711 has left this node without an epilog"));
    }

    // As slurmd runs it.
    private async Task HookAsync(string node, string hook, int job) =>
        (
            await Lab.ExecAsync(
                node,
                [
                    "env",
                    "-i",
                    $"SLURM_JOB_ID={job}",
                    $"SLURM_JOBID={job}",
                    "SLURM_JOB_UID=1001",
                    "SLURM_JOB_GID=1001",
                    "SLURM_UID=1001",
                    "SLURM_JOB_USER=alice",
                    "SLURM_JOB_PARTITION=shared",
                    $"SLURMD_NODENAME={node}",
                    "SLURM_CONF=/etc/slurm/slurm.conf",
                    "/usr/sbin/slurmstepd",
                    "spank",
                    hook,
                ]
            )
        ).EnsureSucceeded();
}
