using BeBiDa.Hollow.Nodes;

namespace BeBiDa.Site.Tests;

/// <summary>Which jobs and nodes count, as configured.</summary>
internal sealed class PolicySpecs : SiteTest
{
    protected override SiteOptions Options =>
        new() { Nodes = 3, Configuration = "jobs:\n  partitions: [shared]\nnodes:\n  exclude: [n3]\n" };

    [Test]
    public async Task A_job_in_a_partition_that_is_not_listed_leaves_Kubernetes_alone()
    {
        await StartJobAsync("-p", SlurmCluster.ExclusivePartition, "-N3");
        await NothingIsTakenAsync();
    }

    [Test]
    public async Task A_job_named_BEBIDA_NOOP_leaves_Kubernetes_alone()
    {
        await StartJobAsync("-p", SlurmCluster.SharedPartition, "-N3", "--job-name", "BEBIDA_NOOP_backup");
        await NothingIsTakenAsync();
    }

    [Test]
    public Task A_job_keeps_its_nodes_by_its_account() =>
        Sites.WithAsync(
            new SiteOptions { Nodes = 2, Configuration = "jobs:\n  mayKeep: {users: [], accounts: [physics]}\n" },
            async site =>
            {
                string[] job = ["--job-name", "BEBIDA_NOOP", "--output=/dev/null", "--wrap", "sleep 600"];
                var kept = await site.Slurm.SubmitAsync(["-w", "n1", "--account=physics", .. job]);
                var taken = await site.Slurm.SubmitAsync(["-w", "n2", .. job]);
                await site.Slurm.WaitForJobAsync(kept, JobState.Running);
                await site.Slurm.WaitForJobAsync(taken, JobState.Running);
                Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { $"n2 lab.{taken}" }));
                await site.Slurm.RunAsync("scancel", [$"{kept}", $"{taken}"]);
                await site.WaitUntilFreeAsync();
            }
        );

    [Test]
    public async Task An_excluded_node_is_never_taken()
    {
        var job = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-N3");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}", $"n2 lab.{job}" }));
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n1", "n2" }));
    }

    [Test]
    public Task Nodes_with_other_names_in_Kubernetes_are_found_by_map_by_label_and_by_template()
    {
        var options = new SiteOptions
        {
            Nodes = 3,
            KubernetesNode = name =>
                name switch
                {
                    "n1" => new HollowNode("k8s-n1.site"),
                    "n2" => new HollowNode("worker-b") { Labels = new Dictionary<string, string> { ["site/slurm-name"] = "n2" } },
                    _ => new HollowNode("worker-c"),
                },
            Configuration = "nodes:\n  template: k8s-{node}.site\n  label: site/slurm-name\n  map:\n    n3: worker-c\n",
        };
        return Sites.WithAsync(
            options,
            async site =>
            {
                (await site.Slurm.RunAsync("srun", ["-N3", "true"])).EnsureSucceeded();
                await site.WaitUntilFreeAsync();
                var job = await site.Slurm.SubmitAsync(["-N3", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                Assert.That(
                    await site.HoldsAsync(),
                    Is.EqualTo(new[] { $"k8s-n1.site lab.{job}", $"worker-b lab.{job}", $"worker-c lab.{job}" })
                );
                Assert.That(await site.UnschedulableAsync(), Has.Count.EqualTo(3));
                await site.Slurm.RunAsync("scancel", [$"{job}"]);
                await site.WaitUntilFreeAsync();
            }
        );
    }

    // A job that runs is past its prolog: what was not taken by then is not taken.
    private async Task NothingIsTakenAsync()
    {
        Assert.That(await Site.HoldsAsync(), Is.Empty);
        Assert.That(await Site.UnschedulableAsync(), Is.Empty);
    }
}
