using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>What a hand-over asks of the API server, counted there.</summary>
public sealed class RequestEconomySpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private EmbeddedApiServer server = null!;
    private KubernetesCluster cluster = null!;
    private HandOvers handOvers = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [TestCase(1, 1)]
    [TestCase(8, 8)]
    [TestCase(9, 1)]
    [TestCase(40, 1)]
    public async Task A_job_of_some_empty_nodes_takes_them_with_one_patch_each_and_a_list_a_node_up_to_eight_or_one_in_all(int nodes, int lists)
    {
        var names = await WarmUpAsync(nodes);
        var taken = await handOvers.DecommissionAsync(Job(1, names), TimeSpan.FromSeconds(20));
        Assert.That(taken.Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(Requests(), Is.EquivalentTo(new Dictionary<string, long> { ["patch nodes"] = nodes, ["list pods"] = lists }));
    }

    [Test]
    public async Task A_job_gives_its_nodes_back_with_one_patch_each_and_nothing_else()
    {
        var names = await WarmUpAsync(9);
        await handOvers.DecommissionAsync(Job(1, names), TimeSpan.FromSeconds(20));
        server.ResetRequestCounts();
        await handOvers.RecommissionAsync(Job(1, names), TimeSpan.FromSeconds(20));
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
        Assert.That((await handOvers.DecommissionAsync(Job(1, nodes), TimeSpan.FromSeconds(20))).PodsEvicted, Is.EqualTo(10));
        var requests = Requests();
        Assert.That((requests["create pods/eviction"], requests["watch pods"], requests["list pods"], requests["patch nodes"]), Is.EqualTo((10, 2, 2, 2)));
    }

    [Test]
    public async Task Each_hand_over_leaves_one_Event_a_node()
    {
        var names = await WarmUpAsync(3, events: true);
        await handOvers.DecommissionAsync(Job(1, names), TimeSpan.FromSeconds(20));
        await handOvers.RecommissionAsync(Job(1, names), TimeSpan.FromSeconds(20));
        await Eventually("the Events are written", () => Task.FromResult(Requests().GetValueOrDefault("create events") == 6));
        Assert.That(await Kubectl.RunAsync("describe", "node", names[0]), Does.Contain("SlurmDecommissioned").And.Contain("SlurmRecommissioned").And.Contain("Slurm job 1 (lab) has taken this node"));
    }

    private async Task<IReadOnlyList<string>> WarmUpAsync(int nodes, bool events = false)
    {
        var names = new List<string>();
        for (var i = 0; i < nodes; i++)
            names.Add((await NewNodeAsync()).Name);
        var configuration = Configuration();
        configuration = configuration with { Kubernetes = configuration.Kubernetes with { Events = events } };
        cluster = Connect(configuration);
        handOvers = HandOvers(cluster, configuration);
        await cluster.NodesAsync(default);
        await Eventually("the nodes are watched", () => Task.FromResult(Requests().GetValueOrDefault("watch nodes") >= 1));
        server.ResetRequestCounts();
        return names;
    }

    private Dictionary<string, long> Requests() => server.RequestCounts.ToDictionary(c => $"{c.Verb} {c.Resource}", c => c.Requests);
}
