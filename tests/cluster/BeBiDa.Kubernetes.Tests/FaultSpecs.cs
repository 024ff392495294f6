using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.HandOver;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A job's way through a Kubernetes that fails: its nodes are taken and given back all the same.</summary>
public sealed class FaultSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private EmbeddedApiServer server = null!;
    private IReadOnlyList<string> nodes = [];
    private BebidaConfiguration configuration = null!;
    private KubernetesCluster cluster = null!;
    private HandOvers handOvers = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [SetUp]
    public async Task HaveAJobsNodesAsync()
    {
        nodes = await RunNodesAsync(2);
        foreach (var node in nodes)
            for (var i = 0; i < 3; i++)
                await RunPodAsync(PodOn(node, $"{node}-{i}"));
        configuration = Configuration();
        configuration = configuration with { Kubernetes = configuration.Kubernetes with { RequestTimeout = TimeSpan.FromSeconds(1) } };
        cluster = Connect(configuration);
        handOvers = HandOvers(cluster, configuration);
        await cluster.NodesAsync(default);
    }

    [TearDown]
    public void EndTheFaults() => server.Faults.Clear();

    [TestCase("patch", "nodes")]
    [TestCase("list", "pods")]
    [TestCase("watch", "pods")]
    [TestCase("create", "pods/eviction")]
    public async Task Half_of_its_requests_answered_with_500_do_no_harm(string verb, string resource)
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    Verb = verb,
                    Resource = resource,
                    Probability = 0.5,
                    Seed = 3,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [Test]
    public async Task Every_third_request_of_anyone_answered_with_503_does_no_harm()
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 503,
                    Probability = 0.33,
                    Seed = 5,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [Test]
    public async Task Conflicts_with_other_writers_do_no_harm()
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 409,
                    Verb = "patch",
                    Resource = "nodes",
                    Times = 3,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [Test]
    public async Task Credentials_that_are_refused_for_a_while_are_tried_again()
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 401,
                    Verb = "patch",
                    Resource = "nodes",
                    Times = 4,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [TestCase("patch", "nodes", 1)]
    [TestCase("list", "pods", 1)]
    [TestCase("create", "pods/eviction", 3)]
    public async Task A_server_with_too_much_to_do_is_asked_again_when_it_said(string verb, string resource, int requests)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var patient = Ends(new HandOvers(cluster, configuration, clock, Log));
        server.ResetRequestCounts();
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 429,
                    RetryAfter = 5,
                    Verb = verb,
                    Resource = resource,
                    Times = 1,
                }
            )
        )
        {
            var taking = patient.DecommissionAsync(Job(7, nodes[0]), TimeSpan.FromMinutes(10));
            await Eventually(
                "the refusal is told",
                () => Task.FromResult(Count() == requests && Log.All.Any(l => l.Contains("429", StringComparison.Ordinal)))
            );
            clock.Advance(TimeSpan.FromSeconds(4));
            await ReadNodeAsync(nodes[0]);
            Assert.That(Count(), Is.EqualTo(requests), "nothing is asked again before the time that the server named");
            await Eventually(
                "it is asked again",
                () =>
                {
                    clock.Advance(TimeSpan.FromSeconds(1));
                    // More than once, where later lists look for late arrivals.
                    return Task.FromResult(Count() > requests && taking.IsCompleted);
                }
            );
            Assert.That((await taking).Outcome, Is.EqualTo(HandOverOutcome.Done));
        }

        long Count() => server.RequestCounts.SingleOrDefault(c => c.Verb == verb && c.Resource == resource)?.Requests ?? 0;
    }

    [Test]
    public async Task When_to_ask_again_is_told_to_whoever_asked()
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 429,
                    RetryAfter = 7,
                    Verb = "patch",
                    Resource = "nodes",
                }
            )
        )
        {
            var refused = await FailsAsync(() => cluster.HoldAsync(new ClusterNode(nodes[0], "any"), Hold(1), Since, default));
            Assert.That((refused.Fault, refused.RetryAfter), Is.EqualTo((ClusterFault.Throttled, TimeSpan.FromSeconds(7))));
        }
    }

    [TestCase("patch", "nodes")]
    [TestCase("list", "pods")]
    [TestCase("create", "pods/eviction")]
    public async Task Cut_connections_do_no_harm(string verb, string resource)
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Drop)
                {
                    Verb = verb,
                    Resource = resource,
                    Times = 4,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [TestCase("patch", "nodes")]
    [TestCase("list", "pods")]
    [TestCase("create", "pods/eviction")]
    public async Task Lost_answers_to_what_was_carried_out_do_no_harm(string verb, string resource)
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.DropAnswer)
                {
                    Verb = verb,
                    Resource = resource,
                    Times = 4,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [TestCase("patch", "nodes")]
    [TestCase("list", "pods")]
    [TestCase("watch", "pods")]
    [TestCase("create", "pods/eviction")]
    public async Task Requests_that_are_never_answered_are_given_up_after_requestTimeout(string verb, string resource)
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Hang)
                {
                    Verb = verb,
                    Resource = resource,
                    Times = 2,
                }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [Test]
    public async Task A_slow_server_does_no_harm()
    {
        using (
            server.Faults.Add(
                new Fault(FaultKind.Latency) { Delay = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(200) }
            )
        )
            await TakeAndGiveBackAsync();
    }

    [Test]
    public async Task A_job_that_comes_while_the_server_is_down_gets_its_nodes_when_it_is_back()
    {
        await server.StopAsync();
        var taking = handOvers.DecommissionAsync(Job(7, nodes), Budget);
        await Eventually("a try has failed", () => Task.FromResult(Log.Events.Contains("NodeRetried")));
        await server.RestartAsync();
        await AreTakenAsync(await taking);

        await server.StopAsync();
        var tries = Log.Events.Count(e => e == "NodeRetried");
        var giving = handOvers.RecommissionAsync(Job(7, nodes), Budget);
        await Eventually("a try has failed", () => Task.FromResult(Log.Events.Count(e => e == "NodeRetried") > tries));
        await server.RestartAsync();
        await AreGivenBackAsync(await giving);
    }

    [Test]
    public async Task An_outage_beyond_the_budget_fails_the_answer_names_the_server_and_is_made_good_later()
    {
        await server.StopAsync();
        var result = await handOvers.DecommissionAsync(Job(7, nodes), TimeSpan.FromSeconds(5));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(result.Problems, Has.Count.EqualTo(2).And.All.Property("Text").Contains(server.Url.Authority));
        await server.RestartAsync();
        await handOvers.WhenIdleAsync();
        foreach (var node in nodes)
        {
            Assert.That(await StateAsync(node), Is.EqualTo((true, "lab.7", "slurm")));
            Assert.That(await PodNamesAsync(node), Is.Empty);
        }
    }

    private async Task TakeAndGiveBackAsync()
    {
        await AreTakenAsync(await handOvers.DecommissionAsync(Job(7, nodes), Budget));
        await AreGivenBackAsync(await handOvers.RecommissionAsync(Job(7, nodes), Budget));
    }

    private async Task AreTakenAsync(HandOverResult result)
    {
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', [.. result.Problems, .. Log.All]));
        foreach (var node in nodes)
        {
            Assert.That(await PersistAsync(() => StateAsync(node)), Is.EqualTo((true, "lab.7", "slurm")));
            Assert.That(await PersistAsync(() => PodNamesAsync(node)), Is.Empty);
        }
    }

    private async Task AreGivenBackAsync(HandOverResult result)
    {
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', [.. result.Problems, .. Log.All]));
        foreach (var node in nodes)
            Assert.That(await PersistAsync(() => StateAsync(node)), Is.EqualTo((false, "", (string?)null)));
    }

    // The test's own client meets the faults too.
    private static async Task<T> PersistAsync<T>(Func<Task<T>> read)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await read();
            }
            catch (Exception e) when (tries < 50 && e is Hollow.Api.ApiException or HttpRequestException or IOException)
            {
                // Again.
            }
        }
    }
}
