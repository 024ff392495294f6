using BeBiDa.EmbeddedApi;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>slurmctld itself finds what went wrong with the holds, and repairs it.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
internal sealed class RepairSpecs(ApiServerKind kind) : SiteTest
{
    // The jobs of these tests are root's, who may keep nodes unless it is said otherwise.
    private const string Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n";

    protected override SiteOptions Options =>
        new()
        {
            Api = kind,
            Nodes = 3,
            Configuration = Configuration,
        };

    [Test]
    public async Task A_hold_of_a_job_that_never_was_is_released_and_another_clusters_stays()
    {
        (await Site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n1", "--cluster", "lab")).EnsureSucceeded();
        (await Site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n2", "--cluster", "other")).EnsureSucceeded();
        await HoldsAreAsync("n2 other.999999");
        await LoggedAsync(" event=release outcome=done job=999999 ");

        var job = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n2");
        await CancelAsync(job);
        await HoldsAreAsync("n2 other.999999");
        (await Site.Tool.RunAsync("recommission", "--job", "999999", "--nodes", "n2", "--cluster", "other")).EnsureSucceeded();
    }

    [Test]
    public Task A_node_uncordoned_by_hand_during_a_job_is_taken_again_long_before_the_next_comparison() =>
        Sites.WithAsync(
            Options with
            {
                Nodes = 1,
                Configuration = Configuration.Replace("1s", "1h", StringComparison.Ordinal),
            },
            async site =>
            {
                var job = await site.Slurm.SubmitAsync(["-w", "n1", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                await site.Kubectl.RunAsync("uncordon", "n1");
                // It may be evicted before it runs.
                await site.Client.CoreV1.CreateNamespacedPodAsync(Workloads.Pod("trespasser", "n1"), Workloads.Namespace);
                await Sites.HeldAsync(site, "n1", job);
                await Eventually.HoldsAsync(
                    "the pod is gone",
                    Patience,
                    async _ =>
                        (await site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.All(pod =>
                            pod.Metadata.DeletionTimestamp is not null
                        )
                );
                await site.Kubectl.RunAsync("annotate", "node", "n1", $"hold.bebida.io/lab.{job}-");
                await Sites.HeldAsync(site, "n1", job);
                (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await site.WaitUntilFreeAsync();
            }
        );

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

    private Task HoldsAreAsync(params string[] holds) =>
        Eventually.HoldsAsync(
            $"the holds are [{string.Join(", ", holds)}]",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual(holds)
        );

    private Task LoggedAsync(string line) =>
        Eventually.HoldsAsync(
            $"slurmctld has logged '{line}'",
            Patience,
            _ => Task.FromResult(Slurm.Controller.ReadLog().Contains(line, StringComparison.Ordinal))
        );
}
