namespace BeBiDa.Nodes.Tests;

public class KeepSpecs(NodeKind kind) : NodesTest(kind)
{
    // A configuration of the user's own, which the user's own srun believes; slurmctld and the nodes do not.
    private const string OwnConfiguration = "jobs:\n  mayKeep:\n    users: ['*']\n";

    [Test]
    public async Task A_user_who_may_keep_leaves_the_nodes_in_Kubernetes()
    {
        await RunPodAsync("bystander", "n1");
        var job = await StartAsync(Alice, "--bebida=keep", "-w", "n1");
        Assert.That(
            (await IsSchedulableAsync("n1"), await ServicesAsync("n1"), (await Lab.PodsAsync("n1")).Count),
            Is.EqualTo((true, "active active", 1))
        );
        Assert.That(await HoldsAsync(), Is.Empty);
        await CancelAsync(job);
    }

    [TestCase("srun", "-w", "n1", "true")]
    [TestCase("salloc", "-w", "n1", "true")]
    [TestCase("sbatch", "-w", "n1", "--wrap", "true")]
    public async Task A_user_who_may_not_is_refused_at_once(string command, params string[] arguments)
    {
        var refused = await Lab.SlurmAsync(command, ["--bebida=keep", .. arguments], Bob);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(
            refused.StandardError,
            Does.Contain(
                $"{command}: error: bebida: --bebida=keep: bob may not leave nodes in Kubernetes on this cluster (jobs.mayKeep in /etc/bebida/bebida.yaml); without the option, the job takes its nodes from Kubernetes"
            )
        );
    }

    [Test]
    public async Task A_mode_that_does_not_exist_is_refused_with_those_that_do()
    {
        var refused = await Lab.SlurmAsync("srun", ["--bebida=lend", "-w", "n1", "true"], Alice);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(
            refused.StandardError,
            Does.Contain("bebida: --bebida=lend: a job can take its nodes from Kubernetes or keep them there")
        );
    }

    [Test]
    public async Task Take_is_what_happens_anyway() =>
        Assert.That(await RunAsync(Alice, "--bebida=take", "-w", "n1", IsAlone), Is.EqualTo(new[] { "n1 inactive inactive 0" }));

    [Test]
    public async Task The_option_is_in_the_help() =>
        Assert.That((await Lab.SlurmAsync("srun", ["--help"])).StandardOutput, Does.Match(@"--bebida=mode\s+take \(default\) removes"));

    [Test]
    public async Task A_forged_SPANK_BEBIDA_reaches_no_more_than_the_configuration_allows_and_its_user_is_told()
    {
        await Lab.ExecAsync(ContainerLab.Controller, ["sh", "-c", "cat > /home/bob/own.yaml"], Bob, OwnConfiguration);
        var forged = await Lab.ExecAsync(
            ContainerLab.Controller,
            ["env", "BEBIDA_CONFIG=/home/bob/own.yaml", "srun", "--bebida=keep", "-w", "n1,n2", IsAlone],
            Bob
        );
        Assert.That(forged.ExitCode, Is.Zero, forged.StandardOutput + forged.StandardError);
        Assert.That(
            forged.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(),
            Is.EqualTo(new[] { "n1 inactive inactive 0", "n2 inactive inactive 0" })
        );
        Assert.That(
            forged
                .StandardError.Split('\n')
                .Count(line =>
                    line.Contains(
                        "asks to leave its nodes in Kubernetes (--bebida=keep), but jobs.mayKeep does not allow it (user bob, account none, partition exclusive)",
                        StringComparison.Ordinal
                    )
                ),
            Is.EqualTo(1),
            forged.StandardError
        );
        Assert.That(
            await Lab.ReadLogAsync(ContainerLab.Controller, "slurmctld"),
            Does.Contain(
                forged.StandardError.Split('\n').First(line => line.Contains("asks to leave", StringComparison.Ordinal))[
                    "bebida: ".Length..
                ]
            )
        );
    }

    [Test]
    public async Task A_refusal_is_told_once_to_a_batch_job_with_steps()
    {
        await Lab.ExecAsync(ContainerLab.Controller, ["sh", "-c", "cat > /home/bob/own.yaml"], Bob, OwnConfiguration);
        var submitted = (
            await Lab.ExecAsync(
                ContainerLab.Controller,
                [
                    "env",
                    "BEBIDA_CONFIG=/home/bob/own.yaml",
                    "sbatch",
                    "--parsable",
                    "--bebida=keep",
                    "--output=/home/bob/refused",
                    "-w",
                    "n1",
                    "--wrap",
                    "srun true; srun true",
                ],
                Bob
            )
        ).EnsureSucceeded();
        await Lab.WaitForJobAsync(int.Parse(submitted.StandardOutput, System.Globalization.CultureInfo.InvariantCulture), "COMPLETED");
        var output = (await Lab.ExecAsync(ContainerLab.Controller, ["cat", "/home/bob/refused"])).StandardOutput;
        Assert.That(
            output.Split('\n').Count(line => line.Contains("jobs.mayKeep does not allow it (user bob", StringComparison.Ordinal)),
            Is.EqualTo(1),
            output
        );
    }

    [Test]
    public async Task What_the_option_leaves_in_the_jobs_environment_is_nothing() =>
        Assert.That(
            await RunAsync(Alice, "--bebida=keep", "-w", "n1", "sh", "-c", "env | grep -c ^BEBIDA || true"),
            Is.EqualTo(new[] { "0" })
        );

    [Test]
    public async Task Variables_of_the_users_environment_ask_for_nothing()
    {
        var forged = await Lab.ExecAsync(
            ContainerLab.Controller,
            [
                "env",
                "SPANK_BEBIDA=keep",
                "SLURM_SPANK_BEBIDA=keep",
                "BEBIDA=keep",
                "_SLURM_SPANK_OPTION_bebida_bebida=keep",
                "srun",
                "-w",
                "n1",
                IsAlone,
            ],
            Alice
        );
        Assert.That((forged.ExitCode, forged.StandardOutput), Is.EqualTo((0, "n1 inactive inactive 0\n")));
    }

    [Test]
    public async Task A_job_named_BEBIDA_NOOP_is_taken_like_any_other_where_its_user_may_not_keep() =>
        Assert.That(await RunAsync(Bob, "-J", "BEBIDA_NOOP", "-w", "n1", IsAlone), Is.EqualTo(new[] { "n1 inactive inactive 0" }));

    [Test]
    public async Task A_job_named_BEBIDA_NOOP_leaves_its_nodes_in_Kubernetes_where_its_user_may_keep()
    {
        var job = await StartAsync(Alice, "-J", "BEBIDA_NOOP_monitor", "-w", "n1");
        Assert.That((await IsSchedulableAsync("n1"), await ServicesAsync("n1")), Is.EqualTo((true, "active active")));
        await CancelAsync(job);
    }

    [Test]
    public async Task A_job_that_keeps_does_not_stand_in_the_way_of_one_that_takes()
    {
        var keeps = await StartAsync(Alice, "--bebida=keep", "-p", "shared", "-w", "n1");
        Assert.That(await RunAsync(Bob, "-p", "shared", "-w", "n1", IsAlone), Is.EqualTo(new[] { "n1 inactive inactive 0" }));
        await ServicesBecomeAsync("n1", "active active");
        await CancelAsync(keeps);
    }
}
