using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>slurmctld itself finds what went wrong with the holds, and repairs it.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
internal sealed class RepairTests(ApiServerKind kind) : SiteTest
{
    // The jobs of these tests are root's, who may keep nodes unless it is said otherwise.
    private const string Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n";

    protected override SiteOptions Options => new() { Api = kind, Nodes = 3, Configuration = Configuration };

    [Test]
    public async Task A_hold_of_a_job_that_never_was_is_released_and_another_clusters_stays()
    {
        (await Site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n1", "--cluster", "lab")).EnsureSucceeded();
        (await Site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n2", "--cluster", "other")).EnsureSucceeded();
        await HoldsAreAsync("n2 other.999999");
        await LoggedAsync("job 999999: node n1 released: the job has no nodes in Slurm");

        var job = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n2");
        await CancelAsync(job);
        await HoldsAreAsync("n2 other.999999");
        (await Site.Tool.RunAsync("recommission", "--job", "999999", "--nodes", "n2", "--cluster", "other")).EnsureSucceeded();
    }

    [Test]
    public async Task A_node_uncordoned_by_hand_during_a_job_is_taken_again()
    {
        var job = await StartJobAsync("-w", "n1");
        await Site.Kubectl.RunAsync("uncordon", "n1");
        await Workloads.RunAsync(Site.Client, Workloads.Pod("trespasser", "n1"));
        await HeldAsync("n1", job);
        await Eventually.HoldsAsync("the pod is gone", Patience, async _ => (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.All(pod => pod.Metadata.DeletionTimestamp is not null));
    }

    [Test]
    public async Task A_node_that_is_registered_anew_during_a_job_is_held_again_and_free_after_it()
    {
        var job = await StartJobAsync("-w", "n[1-2]");
        await Site.Client.CoreV1.DeleteNodeAsync("n1");
        await Site.Cluster.Kubelets["n1"].StartAsync();
        await HeldAsync("n1", job);
        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task An_admins_cordon_from_before_a_lost_hold_stays()
    {
        await Site.Kubectl.RunAsync("cordon", "n3");
        (await Site.Tool.RunAsync("decommission", "--job", "999998", "--nodes", "n3", "--cluster", "lab")).EnsureSucceeded();
        await HoldsAreAsync();
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n3" }));
        await Site.Kubectl.RunAsync("uncordon", "n3");
    }

    [Test]
    public Task A_release_that_a_crash_of_slurmctld_has_left_owed_is_done_when_it_is_back()
    {
        if (kind != ApiServerKind.Embedded)
            return Task.CompletedTask;
        // Slurm is answered soon, while the release is still owed.
        var options = new SiteOptions { Nodes = 2, Configuration = $"  requestTimeout: 1s\ncontroller: {{deadline: 2s, reconcileInterval: 1s}}\neviction: {{deadline: 1s, gracePeriod: 500ms}}\n" };
        return Sites.WithAsync(options, async site =>
        {
            var job = await site.Slurm.SubmitAsync(["-w", "n1", "--output=/dev/null", "--wrap", "sleep 600"]);
            await site.Slurm.WaitForJobAsync(job, JobState.Running);
            var hang = site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" });
            (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
            await site.Slurm.WaitForJobEndAsync(job);
            // The end of a job that slurmctld had not written down, it would see again; one more job makes it write.
            var ended = DateTimeOffset.UtcNow;
            await site.Slurm.SubmitAsync(["--hold", "--output=/dev/null", "--wrap", "true"]);
            await Eventually.HoldsAsync("slurmctld has saved its state", Patience, _ => Task.FromResult(File.GetLastWriteTimeUtc(Path.Combine(site.Slurm.Directory, "state", "job_state")) > ended.UtcDateTime));
            await site.Slurm.StopControllerAsync(kill: true);
            hang.Dispose();
            Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}" }));

            await site.Slurm.StartControllerAsync();
            await Eventually.HoldsAsync("no hold is left", Patience, async _ => (await site.HoldsAsync()).Count == 0);
        });
    }

    private Task HoldsAreAsync(params string[] holds) => Eventually.HoldsAsync($"the holds are [{string.Join(", ", holds)}]", Patience, async _ => (await Site.HoldsAsync()).SequenceEqual(holds));

    private Task LoggedAsync(string line) => Eventually.HoldsAsync($"slurmctld has logged '{line}'", Patience, _ => Task.FromResult(Slurm.Controller.ReadLog().Contains(line, StringComparison.Ordinal)));
}
