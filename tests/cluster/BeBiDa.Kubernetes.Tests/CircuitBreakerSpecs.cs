using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.HandOver;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>A sick API server is not asked by every job at once.</summary>
public sealed class CircuitBreakerSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private const int Jobs = 1000;

    private EmbeddedApiServer server = null!;
    private KubernetesCluster cluster = null!;
    private HandOvers handOvers = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [SetUp]
    public async Task ConnectToItAsync()
    {
        var configuration = Configuration();
        configuration = configuration with { Kubernetes = configuration.Kubernetes with { Events = false } };
        cluster = Connect(configuration);
        handOvers = HandOvers(cluster, configuration);
    }

    [TearDown]
    public void EndTheFaults() => server.Faults.Clear();

    [TestCase(503)]
    [TestCase(429)]
    public async Task A_thousand_jobs_do_not_hammer_a_server_that_refuses_and_all_get_their_nodes_when_it_is_well(int code)
    {
        var nodes = new List<string>();
        for (var i = 0; i < 10; i++)
            nodes.Add((await NewNodeAsync()).Name);
        await KnowsAsync(nodes);
        server.ResetRequestCounts();
        var sick = server.Faults.Add(
            new Fault(FaultKind.Refuse)
            {
                StatusCode = code,
                Verb = "patch",
                Resource = "nodes",
            }
        );
        var answers = await Task.WhenAll(
            Enumerable
                .Range(1, Jobs)
                .Select(job => handOvers.DecommissionAsync(Job((uint)job, nodes[job % nodes.Count]), TimeSpan.FromSeconds(5)))
        );
        Assert.That(answers.Select(a => a.Outcome), Is.All.EqualTo(HandOverOutcome.Failed));
        // The first twenty, what was under way with them, and one now and then.
        Assert.That(server.RequestCounts.Single(c => c.Verb == "patch" && c.Resource == "nodes").Requests, Is.InRange(20, 100));

        sick.Dispose();
        await Eventually(
            "all are held",
            async () =>
                (await Task.WhenAll(nodes.Select(ReadNodeAsync))).Sum(n =>
                    n.Metadata.Annotations?.Keys.Count(k => k.StartsWith(WellKnownNames.HoldAnnotationPrefix, StringComparison.Ordinal))
                    ?? 0
                ) == Jobs
        );
    }

    [Test]
    public async Task Evictions_that_hang_keep_no_other_job_from_its_nodes()
    {
        var (sick, well) = ((await RunNodesAsync(1))[0], (await NewNodeAsync()).Name);
        await KnowsAsync([sick, well]);
        for (var i = 0; i < 25; i++)
            await RunPodAsync(PodOn(sick, $"{sick}-{i}"));
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 500,
                    Verb = "create",
                    Resource = "pods/eviction",
                }
            )
        )
        {
            server.ResetRequestCounts();
            var stuck = handOvers.DecommissionAsync(Job(1, sick), Lab.Eventually.Patience);
            await Eventually(
                "evictions have failed",
                () => Task.FromResult(server.RequestCounts.Any(c => c.Resource == "pods/eviction" && c.Requests > 50))
            );
            Assert.That(
                (await handOvers.DecommissionAsync(Job(2, well), Lab.Eventually.Patience)).Outcome,
                Is.EqualTo(HandOverOutcome.Done)
            );
            Assert.That(Log.Events, Has.None.EqualTo("CircuitOpened"));
            await handOvers.RecommissionAsync(Job(1, sick), Lab.Eventually.Patience);
            await stuck;
        }
    }

    private async Task KnowsAsync(IReadOnlyCollection<string> nodes)
    {
        var directory = await cluster.NodesAsync(default);
        await Eventually("the nodes are known", () => Task.FromResult(nodes.All(n => directory.ByName(n) is not null)));
    }
}
