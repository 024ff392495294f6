using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>slurmctld ends, in order or not, and comes back.</summary>
[Category("Core")]
internal sealed class RestartSpecs : SiteTest
{
    // slurmctld saves its jobs every five seconds: a job that waits for a pod's end waits for longer.
    protected override SiteOptions Options => new() { Nodes = 2, Configuration = "eviction: {gracePeriod: 15s}\n" };

    [TestCase(false, TestName = "A_job_keeps_its_nodes_over_a_restart_of_slurmctld_and_gives_them_back")]
    [TestCase(true, TestName = "A_job_keeps_its_nodes_over_a_crash_of_slurmctld_and_gives_them_back")]
    public async Task A_job_keeps_its_nodes(bool kill)
    {
        var job = await StartJobAsync("-N2");
        var running = DateTimeOffset.UtcNow;
        await Slurm.WaitForSavedJobAsync(job);
        await Slurm.RestartControllerAsync(kill);
        await Slurm.ReconfigureAsync();
        await Slurm.WaitForJobAsync(job, JobState.Running);
        await HeldAsync("n1", job);
        await HeldAsync("n2", job);
        Assert.That(Site.Observer.SchedulableWithin("n1", running, DateTimeOffset.UtcNow), Is.Empty);

        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();
    }

    [TestCase(false, TestName = "A_job_that_was_configuring_when_slurmctld_was_restarted_starts_on_empty_nodes")]
    [TestCase(true, TestName = "A_job_that_was_configuring_when_slurmctld_crashed_starts_on_empty_nodes")]
    public async Task A_job_that_was_configuring(bool kill)
    {
        await using var pods = new PodFollower(Site.Api.AdminKubeconfig);
        await Workloads.RunAsync(Site.Client, Workloads.Pod("slow", "n1", termination: "12"));
        var job = await Site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(300), "-N2");
        await Slurm.WaitForJobAsync(job, JobState.Configuring);
        await Slurm.WaitForSavedJobAsync(job);
        await Slurm.RestartControllerAsync(kill);
        await Slurm.ReconfigureAsync();

        Assert.That((await Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
        await Site.WaitUntilFreeAsync();
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
        Assert.That(IsolationViolations.OfPods(Site, pods), Is.Empty);
    }

    [Test]
    public async Task A_restart_of_slurmctld_while_a_job_gives_its_nodes_back_loses_no_node()
    {
        var job = await StartJobAsync("-N2");
        var hang = Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" });
        (await Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await Slurm.WaitForJobEndAsync(job);
        await Slurm.StopControllerAsync();
        hang.Dispose();
        Assert.That(await Site.HoldsAsync(), Has.Count.EqualTo(2));

        await Slurm.StartControllerAsync();
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_reconfigure_of_slurmctld_while_a_job_gives_its_nodes_back_loses_no_node()
    {
        var job = await StartJobAsync("-N2");
        using (Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" }))
        {
            await CancelAsync(job);
            await Slurm.ReconfigureAsync();
            await Slurm.WaitForIdleNodesAsync();
        }
        await Site.WaitUntilFreeAsync();
    }
}
