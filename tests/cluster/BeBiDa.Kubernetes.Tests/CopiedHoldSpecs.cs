using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>Fields of a hold that another manager came to own: someone applied a whole Node that they had read during a job.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class CopiedHoldSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private static readonly (bool, string, string?) Free = (false, "", null);

    private ClusterNode node = null!;
    private KubernetesCluster cluster = null!;

    [SetUp]
    public async Task HaveANodeAsync()
    {
        node = await NewNodeAsync();
        cluster = Connect();
    }

    [TearDown]
    public Task DeleteTheNodeAsync() => DeleteNodeAsync(node.Name);

    [Test]
    public async Task A_node_that_was_applied_as_it_was_during_a_job_is_free_after_it()
    {
        await HoldAsync(7);
        await CopyAsync();
        await ReleaseAsync(7);
        Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
        await IsWrittenNoMoreAsync(7);
    }

    [Test]
    public async Task Each_of_two_jobs_of_which_a_copy_was_made_takes_its_own_and_the_last_one_frees_the_node()
    {
        await HoldAsync(7);
        await HoldAsync(8);
        await CopyAsync();
        await ReleaseAsync(7);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.8", "slurm")));
        await ReleaseAsync(8);
        Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
    }

    [Test]
    public async Task A_copy_that_outlives_its_job_during_another_one_is_undone_when_that_ends()
    {
        await HoldAsync(7);
        await CopyAsync();
        await HoldAsync(8);
        await ReleaseAsync(7);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.8", "slurm")));
        await ReleaseAsync(8);
        Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
    }

    [Test]
    public async Task A_cordon_that_was_there_before_the_copy_stays_and_one_error_says_whose_it_is()
    {
        await Kubectl.RunAsync("cordon", node.Name);
        await HoldAsync(7);
        await CopyAsync();
        await ReleaseAsync(7);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "", (string?)null)));
        Assert.That(
            Log.All.Where(line => line.Contains($"node {node.Name} stays unschedulable", StringComparison.Ordinal)).ToList(),
            Has.Count.EqualTo(1)
                .And.All.Contains("field manager before-first-apply owns spec.unschedulable")
                .And.All.Contains($"run: kubectl uncordon {node.Name}")
        );
    }

    [Test]
    public async Task What_someone_else_applied_beside_the_copy_stays()
    {
        await HoldAsync(7);
        await Kubectl.RunAsync("label", "node", node.Name, "rack=r1");
        await CopyAsync();
        await ReleaseAsync(7);
        Assert.That((await ReadAsync(node)).Metadata.Labels["rack"], Is.EqualTo("r1"));
        Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
    }

    [Test]
    public async Task A_hold_that_comes_between_the_look_and_the_removal_is_never_undone()
    {
        // The other job's hold falls anywhere among the looks and removals.
        for (var round = 0; round < 10; round++)
        {
            await HoldAsync(7);
            await CopyAsync();
            await Task.WhenAll(RetriedAsync(() => ReleaseAsync(7)), RetriedAsync(() => HoldAsync(8)));
            Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.8", "slurm")));
            await ReleaseAsync(8);
            Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
        }
    }

    [Test]
    public async Task A_job_gives_such_a_node_back_and_the_reconciler_has_nothing_to_do()
    {
        var handOvers = HandOvers(cluster);
        await handOvers.DecommissionAsync(Job(7, node.Name), TimeSpan.FromSeconds(20));
        await CopyAsync();
        Assert.That(
            (await handOvers.RecommissionAsync(Job(7, node.Name), TimeSpan.FromSeconds(20))).Outcome,
            Is.EqualTo(HandOverOutcome.Done)
        );
        Assert.That((await cluster.ReadAsync(default)).Single(l => l.Node.Name == node.Name).Holds, Is.Empty);
        Assert.That(await StateAsync(node.Name), Is.EqualTo(Free));
    }

    // kubectl get -o json | kubectl apply --server-side --force-conflicts -f -
    private async Task CopyAsync()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, await Kubectl.RunAsync("get", "node", node.Name, "-o", "json"));
        await Kubectl.RunAsync("apply", "--server-side", "--force-conflicts", "-f", file);
        File.Delete(file);
    }

    private async Task IsWrittenNoMoreAsync(uint job)
    {
        var before = (await ReadAsync(node)).Metadata.ResourceVersion;
        await ReleaseAsync(job);
        Assert.That((await ReadAsync(node)).Metadata.ResourceVersion, Is.EqualTo(before));
    }

    private Task HoldAsync(uint job) => cluster.HoldAsync(node, Hold(job), Since, default);

    private Task ReleaseAsync(uint job) => cluster.ReleaseAsync(node, Hold(job), default);

    // As a hand-over does after a conflict.
    private static async Task RetriedAsync(Func<Task> work)
    {
        while (true)
            try
            {
                await work();
                return;
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict)
            {
                await Task.Yield();
            }
    }
}
