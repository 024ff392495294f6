namespace BeBiDa.Lab.Tests;

/// <summary>Every kind of job that the plugin has to deal with, in one lab of eight nodes.</summary>
[TestFixture]
internal sealed class JobSpecs
{
    private SlurmCluster _slurm = null!;

    [OneTimeSetUp]
    public async Task StartAsync() =>
        _slurm = await SlurmCluster.StartAsync(new SlurmOptions { CredentialLifetime = TimeSpan.FromSeconds(5) });

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_slurm is not null)
            await _slurm.DisposeAsync();
    }

    [TearDown]
    public async Task ClearAsync()
    {
        await _slurm.RunAsync("scancel", ["--user=root"]);
        await _slurm.WaitForIdleNodesAsync();
    }

    [Test, CancelAfter(600_000)]
    public async Task A_job_runs_on_all_eight_nodes(CancellationToken cancel)
    {
        var result = (await _slurm.RunAsync("srun", ["-N8", "--label", "printenv", "SLURMD_NODENAME"], cancel)).EnsureSucceeded();
        var nodes = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[1]);
        Assert.That(nodes, Is.EquivalentTo(_slurm.Nodes));
        var host = (await _slurm.RunAsync("srun", ["-N8", "hostname"], cancel)).EnsureSucceeded();
        Assert.That(host.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(8));
    }

    [Test, CancelAfter(600_000)]
    public async Task Jobs_share_nodes_in_the_shared_partition(CancellationToken cancel)
    {
        for (var i = 0; i < 3; i++)
            await SubmitSleepAsync(["-p", SlurmCluster.SharedPartition, "-w", "n3,n4"], cancel);
        await Eventually.HoldsAsync(
            "three jobs run",
            Eventually.Patience,
            async token => (await _slurm.RunningJobsAsync(token)).Count == 3,
            cancel
        );

        var running = await _slurm.RunningJobsAsync(cancel);
        Assert.That(running.Select(job => job.Nodes), Is.All.EqualTo(new[] { "n3", "n4" }));
        Assert.That(running.Select(job => job.Partition), Is.All.EqualTo(SlurmCluster.SharedPartition));
    }

    [Test, CancelAfter(600_000)]
    public async Task A_job_in_the_exclusive_partition_waits_for_its_nodes(CancellationToken cancel)
    {
        var first = await SubmitSleepAsync(["-w", "n1"], cancel);
        await _slurm.WaitForJobAsync(first, JobState.Running, cancel);
        var second = await SubmitSleepAsync(["-w", "n1"], cancel);
        Assert.That(await _slurm.JobStateAsync(second, cancel), Is.EqualTo(JobState.Pending));

        await _slurm.RunAsync("scancel", [$"{first}"], cancel);

        var running = await _slurm.WaitForJobAsync(second, JobState.Running, cancel);
        Assert.That(running.Single().Nodes, Is.EqualTo(new[] { "n1" }));
    }

    [Test, CancelAfter(600_000)]
    public async Task A_heterogeneous_job_runs_with_a_number_for_each_component(CancellationToken cancel)
    {
        var job = await _slurm.SubmitAsync(["-N1", "--wrap", "sleep 600", ":", "-N2"], cancel);
        var components = await _slurm.WaitForJobAsync(job, JobState.Running, cancel);
        Assert.That(components.Select(component => component.Id), Is.EquivalentTo(new[] { job, job + 1 }));
        Assert.That(components.Select(component => component.DisplayId), Is.EquivalentTo(new[] { $"{job}+0", $"{job}+1" }));
        Assert.That(components.SelectMany(component => component.Nodes).Distinct().Count(), Is.EqualTo(3));
    }

    [Test, CancelAfter(600_000)]
    public async Task An_array_runs_with_a_number_for_each_task(CancellationToken cancel)
    {
        var job = await _slurm.SubmitAsync(["-N1", "--array=1-4", "--wrap", "true"], cancel);
        var tasks = await _slurm.WaitForJobAsync(job, JobState.Completed, cancel);
        Assert.That(tasks.Select(task => task.DisplayId), Is.EquivalentTo(new[] { $"{job}_1", $"{job}_2", $"{job}_3", $"{job}_4" }));
        Assert.That(tasks.Select(task => task.Id), Is.Unique);
    }

    [Test, CancelAfter(600_000)]
    public async Task A_requeued_job_runs_again_under_its_number(CancellationToken cancel)
    {
        var job = await _slurm.SubmitAsync(["-N1", "--requeue", "--wrap", "echo run >> runs-$SLURM_JOB_ID; sleep 600"], cancel);
        var runs = Path.Combine(_slurm.Directory, "jobs", $"runs-{job}");
        await WaitForLinesAsync(runs, 1, cancel);

        (await _slurm.RunAsync("scontrol", ["requeue", $"{job}"], cancel)).EnsureSucceeded();

        await WaitForLinesAsync(runs, 2, cancel);
        Assert.That(await _slurm.JobStateAsync(job, cancel), Is.EqualTo(JobState.Running));
    }

    [Test, CancelAfter(600_000)]
    public async Task A_cancelled_job_frees_its_nodes(CancellationToken cancel)
    {
        var job = await SubmitSleepAsync(["-N8"], cancel);
        await _slurm.WaitForJobAsync(job, JobState.Running, cancel);

        (await _slurm.RunAsync("scancel", [$"{job}"], cancel)).EnsureSucceeded();

        var over = await _slurm.WaitForJobEndAsync(job, cancel);
        Assert.That(over.Single().State, Is.EqualTo(JobState.Cancelled));
        await _slurm.WaitForIdleNodesAsync(cancel);
    }

    [Test, CancelAfter(600_000)]
    public async Task A_command_that_fails_tells_its_exit_code_and_words(CancellationToken cancel)
    {
        var result = await _slurm.RunAsync("srun", ["-N1", "sh", "-c", "echo out; echo err >&2; exit 3"], cancel);
        Assert.That(result.ExitCode, Is.EqualTo(3));
        Assert.That(result.StandardOutput, Is.EqualTo("out\n"));
        Assert.That(result.StandardError.Split('\n'), Does.Contain("err"));
        Assert.That(result.EnsureSucceeded, Throws.TypeOf<LabException>().With.Message.Contains("exited with 3"));
    }

    [Test, CancelAfter(600_000)]
    public async Task The_controllers_log_can_be_waited_for(CancellationToken cancel)
    {
        var job = await _slurm.SubmitAsync(["-N1", "--wrap", "true"], cancel);
        var line = await _slurm.Controller.WaitForLogAsync($@"_job_complete: JobId={job} done$", cancel);
        Assert.That(_slurm.Controller.ReadLog(), Does.Contain(line.Value));
    }

    private Task<int> SubmitSleepAsync(IReadOnlyList<string> arguments, CancellationToken cancel) =>
        _slurm.SubmitAsync([.. arguments, "--wrap", "sleep 600"], cancel);

    private static Task WaitForLinesAsync(string path, int count, CancellationToken cancel) =>
        Eventually.HoldsAsync(
            $"{path} has {count} lines",
            Eventually.Patience,
            _ => Task.FromResult(File.Exists(path) && File.ReadAllLines(path).Length == count),
            cancel
        );
}
