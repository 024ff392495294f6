using System.Diagnostics;

namespace BeBiDa.Lab.Tests;

/// <summary>The life of a lab as a whole: start, faults, end.</summary>
[TestFixture]
internal sealed class ClusterSpecs
{
    [Test, CancelAfter(600_000)]
    public async Task Slurmctld_is_restarted_and_killed_and_a_running_job_goes_on(CancellationToken cancel)
    {
        await using var slurm = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 2 }, cancel);
        var job = await slurm.SubmitAsync(["-N2", "--wrap", "until [ -e done ]; do sleep 0.1; done"], cancel);
        await slurm.WaitForJobAsync(job, JobState.Running, cancel);
        var first = slurm.Controller.ProcessId;

        await slurm.RestartControllerAsync(kill: false, cancel);
        Assert.That(slurm.Controller.ProcessId, Is.Not.EqualTo(first));
        Assert.That(await slurm.JobStateAsync(job, cancel), Is.EqualTo(JobState.Running));

        await slurm.RestartControllerAsync(kill: true, cancel);
        Assert.That(await slurm.JobStateAsync(job, cancel), Is.EqualTo(JobState.Running));

        File.WriteAllText(Path.Combine(slurm.Directory, "jobs", "done"), "");
        var over = await slurm.WaitForJobEndAsync(job, cancel);
        Assert.That(over.Single().State, Is.EqualTo(JobState.Completed));
    }

    [Test, CancelAfter(600_000)]
    public async Task A_stopped_slurmctld_does_not_answer(CancellationToken cancel)
    {
        await using var slurm = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1 }, cancel);
        Assert.That(await slurm.PingAsync(cancel), Is.True);

        await slurm.StopControllerAsync(kill: false, cancel);

        Assert.That(slurm.Controller.IsRunning, Is.False);
        Assert.That(await slurm.PingAsync(cancel), Is.False);
    }

    [Test, CancelAfter(600_000)]
    public async Task A_job_outlives_the_slurmd_of_its_node(CancellationToken cancel)
    {
        await using var slurm = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1 }, cancel);
        var job = await slurm.SubmitAsync(["--wrap", "until [ -e done ]; do sleep 0.1; done"], cancel);
        await slurm.WaitForJobAsync(job, JobState.Running, cancel);

        await slurm.KillNodeDaemonAsync("n1", cancel);
        Assert.That(slurm.NodeDaemon("n1").IsRunning, Is.False);
        slurm.StartNodeDaemon("n1");
        File.WriteAllText(Path.Combine(slurm.Directory, "jobs", "done"), "");

        Assert.That((await slurm.WaitForJobEndAsync(job, cancel)).Single().State, Is.EqualTo(JobState.Completed));
    }

    [Test, CancelAfter(600_000)]
    public async Task Nothing_is_left_after_the_end_of_a_lab(CancellationToken cancel)
    {
        var slurm = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 2 }, cancel);
        var processes = new List<int> { slurm.Controller.ProcessId };
        try
        {
            processes.AddRange(slurm.Nodes.Select(node => slurm.NodeDaemon(node).ProcessId));
            processes.Add(int.Parse(File.ReadAllText(Path.Combine(slurm.Directory, "munge", "pid"))));
            // A job that has left its step's session and knows nothing of the lab by its environment.
            await slurm.SubmitAsync(
                ["--wrap", "echo $$ > script; env -i setsid sh -c 'echo $$ > stray; exec sleep 600' & sleep 600"],
                cancel
            );
            var script = await PidAsync(slurm, "script", cancel);
            var stray = await PidAsync(slurm, "stray", cancel);
            var step = Processes.Parent(script);
            Assert.That(Processes.Name(step), Is.EqualTo("slurmstepd"));
            processes.AddRange([script, stray, step]);
            Assert.That(processes.Where(Processes.Exists), Is.EquivalentTo(processes));
        }
        finally
        {
            await slurm.DisposeAsync();
        }

        Assert.That(processes.Where(Processes.Exists), Is.Empty);
        Assert.That(Directory.Exists(slurm.Directory), Is.False);
    }

    [Test, CancelAfter(600_000)]
    public async Task A_lab_and_nothing_else_ends_with_the_process_that_owns_it(CancellationToken cancel)
    {
        // The owner is a shell here: this process cannot die and look on.
        var directory = Directory.CreateTempSubdirectory("bebida-lab.").FullName;
        var script = Path.Combine(PluginBuild.RepositoryRoot(), "tests", "lab", "BeBiDa.Lab", "reaper.sh");
        using var member = Process.Start(new ProcessStartInfo("sleep", "600") { Environment = { ["BEBIDA_LAB"] = directory } })!;
        using var bystander = Process.Start(new ProcessStartInfo("sleep", "600") { WorkingDirectory = directory })!;
        using var owner = Process.Start(
            new ProcessStartInfo(
                "bash",
                ["-c", "exec 3> >(exec bash \"$1\" \"$2\" 5); : > \"$2/watched\"; exec sleep 600", "owner", script, directory]
            )
        )!;
        try
        {
            await Eventually.HoldsAsync(
                "the lab is watched",
                Eventually.Patience,
                _ => Task.FromResult(File.Exists(Path.Combine(directory, "watched"))),
                cancel
            );
            Assert.That(member.HasExited, Is.False);

            owner.Kill();

            await member.WaitForExitAsync(cancel);
            await Eventually.HoldsAsync(
                "the directory is gone",
                Eventually.Patience,
                _ => Task.FromResult(!Directory.Exists(directory)),
                cancel
            );
            Assert.That(bystander.HasExited, Is.False);
        }
        finally
        {
            owner.Kill();
            member.Kill();
            bystander.Kill();
        }
    }

    [Test, CancelAfter(600_000)]
    public async Task Two_labs_at_once_do_not_disturb_each_other(CancellationToken cancel)
    {
        var labs = await Task.WhenAll(
            SlurmCluster.StartAsync(new SlurmOptions { Nodes = 3, ClusterName = "one" }, cancel),
            SlurmCluster.StartAsync(new SlurmOptions { Nodes = 2, ClusterName = "two" }, cancel)
        );
        await using var one = labs[0];
        await using var two = labs[1];
        var job = await one.SubmitAsync(["-N3", "--wrap", "sleep 600"], cancel);
        await one.WaitForJobAsync(job, JobState.Running, cancel);

        Assert.That(await two.JobsAsync(cancel), Is.Empty);
        var here = (await two.RunAsync("srun", ["-N2", "printenv", "SLURM_CLUSTER_NAME"], cancel)).EnsureSucceeded();
        Assert.That(here.StandardOutput, Is.EqualTo("two\ntwo\n"));

        await two.DisposeAsync();
        Assert.That(await one.JobStateAsync(job, cancel), Is.EqualTo(JobState.Running));
        Assert.That(await one.PingAsync(cancel), Is.True);
    }

    [Test, CancelAfter(600_000)]
    public async Task A_slurmctld_that_cannot_start_is_an_error_with_its_own_words(CancellationToken cancel)
    {
        var failure = await Assert.ThrowsAsync<LabException>(() =>
            SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1, ExtraConfiguration = ["SelectType=select/nothing_like_this"] }, cancel)
        );
        Assert.That(failure!.Message, Does.Contain("ended").And.Contain("nothing_like_this"));
    }

    [Test, CancelAfter(600_000)]
    public async Task Variables_reach_the_daemons_they_are_for(CancellationToken cancel)
    {
        await using var slurm = await SlurmCluster.StartAsync(
            new SlurmOptions
            {
                Nodes = 1,
                ControllerEnvironment = new Dictionary<string, string> { ["BEBIDA_CONFIG"] = "/for/slurmctld" },
                NodeEnvironment = new Dictionary<string, string> { ["BEBIDA_CONFIG"] = "/for/slurmd" },
            },
            cancel
        );

        string Variables(int process) => File.ReadAllText($"/proc/{process}/environ");
        Assert.That(Variables(slurm.Controller.ProcessId), Does.Contain("BEBIDA_CONFIG=/for/slurmctld\0"));
        Assert.That(Variables(slurm.NodeDaemon("n1").ProcessId), Does.Contain("BEBIDA_CONFIG=/for/slurmd\0"));
    }

    private static async Task<int> PidAsync(SlurmCluster slurm, string file, CancellationToken cancel)
    {
        var path = Path.Combine(slurm.Directory, "jobs", file);
        var id = 0;
        await Eventually.HoldsAsync(
            $"the job writes {file}",
            Eventually.Patience,
            _ => Task.FromResult(File.Exists(path) && int.TryParse(File.ReadAllText(path), out id)),
            cancel
        );
        return id;
    }
}
