using System.Text.Json;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>bebidactl reconcile beside a real Slurm.</summary>
internal sealed class ReconcileSpecs : SiteTest
{
    // Without the plugin, whose own reconciler would do the tool's work when slurmctld starts; the jobs are root's, who may
    // keep nodes unless it is said otherwise.
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            HandOver = HandOverBy.Hook,
            Configuration = "jobs:\n  mayKeep: {users: []}\n",
        };

    [Test]
    public Task Without_Slurm_nobody_knows_and_nothing_is_touched() =>
        Sites.WithAsync(
            Options with
            {
                Nodes = 1,
            },
            async site =>
            {
                (await site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n1", "--cluster", "lab")).EnsureSucceeded();
                await site.Slurm.StopControllerAsync(kill: true);
                var blind = await site.Tool.RunAsync("reconcile");
                Assert.That(blind.ExitCode, Is.EqualTo(1), blind.StandardOutput);
                Assert.That(blind.StandardError, Does.StartWith("bebidactl: scontrol: "));
                Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.999999" }));
                (await site.Tool.RunAsync("recommission", "--job", "999999", "--nodes", "n1", "--cluster", "lab")).EnsureSucceeded();
                await site.Slurm.StartControllerAsync();
            }
        );

    [Test]
    public async Task A_hold_of_a_job_that_never_was_is_released_and_what_runs_is_not_touched()
    {
        (await Site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n1,n3", "--cluster", "lab")).EnsureSucceeded();
        var job = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-N2", "-w", "n[1-2]");
        var from = DateTimeOffset.UtcNow;
        Assert.That(await ReconcileAsync(Site, "--dry-run"), Is.EqualTo(new[] { "Release n1 999999", "Release n3 999999" }));
        Assert.That(await ReconcileAsync(Site), Is.EqualTo(new[] { "Release n1 999999", "Release n3 999999" }));
        Assert.That(await ReconcileAsync(Site), Is.Empty);
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}", $"n2 lab.{job}" }));
        Assert.That(Site.Observer.SchedulableWithin("n1", from, DateTimeOffset.UtcNow), Is.Empty);
    }

    [Test]
    public async Task A_node_uncordoned_by_hand_during_jobs_is_held_again_until_the_last_of_them()
    {
        var first = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n1");
        var second = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n1");
        await Site.Kubectl.RunAsync("uncordon", "n1");
        await Workloads.RunAsync(Site.Client, Workloads.Pod("trespasser", "n1"));
        Assert.That(await ReconcileAsync(Site), Is.EqualTo(new[] { $"Hold n1 {first}", $"Hold n1 {second}" }));
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n1" }));
        Assert.That(
            (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Where(pod =>
                pod.Metadata.DeletionTimestamp is null
            ),
            Is.Empty
        );

        await CancelAsync(first);
        await Eventually.HoldsAsync(
            "only the second holds n1",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual([$"n1 lab.{second}"])
        );
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n1" }));
    }

    [Test]
    public async Task Tasks_of_arrays_and_components_of_heterogeneous_jobs_are_jobs_of_their_own_whatever_their_names_are()
    {
        await Slurm.SubmitAsync([
            "--array=0-1",
            "--job-name",
            "a|RUNNING|b\n7|RUNNING|root|x|n1",
            "-p",
            SlurmCluster.SharedPartition,
            "-w",
            "n1",
            "--output=/dev/null",
            "--wrap",
            "sleep 600",
        ]);
        await Slurm.SubmitAsync([
            "-p",
            SlurmCluster.SharedPartition,
            "-w",
            "n2",
            "--output=/dev/null",
            ":",
            "-p",
            SlurmCluster.SharedPartition,
            "-w",
            "n3",
            "--wrap",
            "sleep 600",
        ]);
        await Eventually.HoldsAsync(
            "four jobs run",
            Patience,
            async _ =>
                (await Slurm.RunAsync("squeue", ["-h", "-r", "-t", "R", "-o", "%A"]))
                    .StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Length == 4
        );
        var holds = await Site.HoldsAsync();
        Assert.That(holds, Has.Count.EqualTo(4));
        Assert.That(await ReconcileAsync(Site), Is.Empty);

        foreach (var node in Slurm.Nodes)
            await Site.Kubectl.RunAsync("uncordon", node);
        Assert.That(
            await ReconcileAsync(Site),
            Is.EqualTo(holds.Select(hold => $"Hold {hold.Replace("lab.", "", StringComparison.Ordinal)}"))
        );
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(Slurm.Nodes));
    }

    [Test]
    public async Task Two_at_once_harm_no_job_that_comes_or_goes_meanwhile()
    {
        var jobs = Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(async _ =>
                {
                    for (var i = 0; i < 6; i++)
                        (
                            await Site.Probes.RunAsync(TimeSpan.FromMilliseconds(100), "-p", SlurmCluster.SharedPartition, "-N2")
                        ).EnsureSucceeded();
                })
        );
        while (!jobs.IsCompleted)
            await Task.WhenAll(ReconcileAsync(Site), ReconcileAsync(Site));
        await jobs;
        await Site.WaitUntilFreeAsync();
        Assert.That(IsolationViolations.OfNodes(Site), Is.Empty);
    }

    private static async Task<IReadOnlyList<string>> ReconcileAsync(Site site, params string[] options)
    {
        var result = (await site.Tool.RunAsync(["reconcile", "--output", "json", .. options])).EnsureSucceeded();
        using var json = JsonDocument.Parse(result.StandardOutput);
        return
        [
            .. json
                .RootElement.GetProperty("repairs")
                .EnumerateArray()
                .Select(r =>
                    $"{r.GetProperty("action").GetString()} {r.GetProperty("node").GetString()} {r.GetProperty("job").GetInt32()}"
                ),
        ];
    }
}
