using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow.Api;
using BeBiDa.Kubernetes;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>What a hand-over asks of the API server, counted there.</summary>
public sealed class RequestEconomySpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private EmbeddedApiServer server = null!;
    private KubernetesCluster cluster = null!;
    private HandOvers handOvers = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [TestCase(1, 0, 1)]
    [TestCase(8, 0, 8)]
    [TestCase(9, 0, 1)]
    [TestCase(40, 0, 1)]
    [TestCase(10, 69, 1)]
    [TestCase(10, 70, 10)]
    public async Task A_job_of_some_empty_nodes_takes_them_with_one_patch_each_and_a_list_a_node_or_one_in_all_for_more_than_eight_and_than_an_eighth_of_the_cluster(
        int nodes,
        int others,
        int lists
    )
    {
        var names = (await WarmUpAsync(nodes + others)).Take(nodes);
        var taken = await handOvers.DecommissionAsync(Job(1, names), Lab.Eventually.Patience);
        Assert.That(taken.Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(Requests(), Is.EquivalentTo(new Dictionary<string, long> { ["patch nodes"] = nodes, ["list pods"] = lists }));
    }

    [Test]
    public async Task A_job_gives_its_nodes_back_with_one_patch_each_and_nothing_else()
    {
        var names = await WarmUpAsync(9);
        await handOvers.DecommissionAsync(Job(1, names), Lab.Eventually.Patience);
        server.ResetRequestCounts();
        await handOvers.RecommissionAsync(Job(1, names), Lab.Eventually.Patience);
        Assert.That(Requests(), Is.EquivalentTo(new Dictionary<string, long> { ["patch nodes"] = 9 }));
    }

    [Test]
    public async Task A_pod_costs_one_eviction_and_a_node_one_watch()
    {
        var nodes = await RunNodesAsync(2);
        foreach (var node in nodes)
            for (var i = 0; i < 5; i++)
                await RunPodAsync(PodOn(node, $"{node}-{i}"));
        await WarmUpAsync(1);
        Assert.That((await handOvers.DecommissionAsync(Job(1, nodes), Lab.Eventually.Patience)).PodsEvicted, Is.EqualTo(10));
        var requests = Requests();
        Assert.That(
            (requests["create pods/eviction"], requests["watch pods"], requests["list pods"], requests["patch nodes"]),
            Is.EqualTo((10, 2, 2, 2))
        );
    }

    [TestCase(10, 10)]
    [TestCase(129, 1)]
    public async Task The_nodes_of_a_job_that_is_a_small_part_of_the_cluster_are_listed_each_and_watched_each_up_to_a_quarter_of_all_watches(
        int nodes,
        int watches
    )
    {
        var names = (await WarmUpAsync(nodes * 8, atOnce: 16)).Take(nodes).ToList();
        var directory = await cluster.NodesAsync(default);
        var mine = names.Select(name => directory.ByName(name)!).ToList();
        await CreateAsync(PodOn(names[0], "before"));
        await CreateAsync(PodOn(names[^1], "goes"));
        var list = await cluster.ListPodsAsync(mine, default);
        Assert.That(list.Pods.Select(p => p.Name), Is.EquivalentTo(new[] { "before", "goes" }));
        await Admin.DeleteAsync(Resources.Pods.At(Space, "goes"), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        await CreateAsync(PodOn(names[1], "comes"));

        using var limit = new CancellationTokenSource(Lab.Eventually.Patience);
        var told = new HashSet<string>();
        await foreach (var change in cluster.WatchPodsAsync(mine, list.ResourceVersion, limit.Token))
        {
            told.Add($"{(change.Gone ? "gone" : "there")} {change.Pod.Name}");
            if (told.IsSupersetOf(["gone goes", "there comes"]) && Requests()["watch pods"] == watches)
                break;
        }
        Assert.That((Requests()["list pods"], Requests()["watch pods"]), Is.EqualTo((nodes, watches)));
    }

    [Test]
    public async Task Each_hand_over_leaves_one_Event_a_node()
    {
        var names = await WarmUpAsync(3, events: true);
        await handOvers.DecommissionAsync(Job(1, names), Lab.Eventually.Patience);
        await handOvers.RecommissionAsync(Job(1, names), Lab.Eventually.Patience);
        await Eventually("the Events are written", () => Task.FromResult(Requests().GetValueOrDefault("create events") == 6));
        Assert.That(
            await Kubectl.RunAsync("describe", "node", names[0]),
            Does.Contain("SlurmDecommissioned").And.Contain("SlurmRecommissioned").And.Contain("Slurm job 1 (lab) has taken this node")
        );
    }

    private async Task<IReadOnlyList<string>> WarmUpAsync(int nodes, bool events = false, int atOnce = 1)
    {
        var names = Enumerable.Range(0, nodes).Select(_ => Unique("node")).ToList();
        await Parallel.ForEachAsync(
            names,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce },
            async (name, _) => await NewNodeAsync(name)
        );
        var configuration = Configuration();
        configuration = configuration with { Kubernetes = configuration.Kubernetes with { Events = events } };
        cluster = Connect(configuration);
        // Without Events nothing needs a clock; with one, pods that are bound late are looked for after a second.
        handOvers = events
            ? HandOvers(cluster, configuration)
            : Ends(new HandOvers(cluster, configuration, new FakeTimeProvider(DateTimeOffset.UtcNow), Log));
        await cluster.NodesAsync(default);
        await Eventually("the nodes are watched", () => Task.FromResult(Requests().GetValueOrDefault("watch nodes") >= 1));
        server.ResetRequestCounts();
        return names;
    }

    private Dictionary<string, long> Requests() => server.RequestCounts.ToDictionary(c => $"{c.Verb} {c.Resource}", c => c.Requests);
}
