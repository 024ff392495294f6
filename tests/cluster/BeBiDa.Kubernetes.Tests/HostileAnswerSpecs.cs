using System.Net;
using System.Net.Sockets;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>Answers that are none, and webhooks that do not answer: the hand-overs that they do not concern are done.</summary>
public sealed class HostileAnswerSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private EmbeddedApiServer server = null!;

    /// <summary>What is no list of pods or nodes, nor a line of a watch.</summary>
    public static IEnumerable<string> Odd =>
        [
            "",
            "null",
            "{}",
            "[]",
            "no JSON",
            "<html>",
            "{\"items\": null}",
            "{\"items\": [null]}",
            "{\"items\": {}}",
            "{\"metadata\": {}, \"items\": []}",
            "{\"metadata\": {\"resourceVersion\": 7}, \"items\": []}",
            "{\"items\": [{\"metadata\": {\"name\": \"\u00ff\u00fe\", \"uid\": \"u\"}}]}",
            "{\"type\": \"ADDED\"}",
            "{\"type\": \"ADDED\", \"object\": null}",
            "{\"type\": \"ADDED\", \"object\": [1]}",
            "{\"type\": 1}",
            "{\"type\": \"ERROR\", \"object\": {\"code\": -1, \"message\": 3}}",
            "{\"type\": \"ERROR\", \"object\": {\"code\": 99999}}",
            "{\"type\": \"\u00ff\", \"object\": {}}",
            "{\"type\": \"ADDED\", \"object\": {\"metadata\": {\"deletionTimestamp\": \"soon\"}}}",
            "{\"items\": " + new string('[', 20_000),
            "{\"a\": " + new string('9', 100_000) + "}",
            new string('x', 17 * 1024 * 1024),
        ];

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [TestCase("list", "nodes")]
    [TestCase("watch", "nodes")]
    [TestCase("list", "pods")]
    [TestCase("watch", "pods")]
    [TestCase("patch", "nodes")]
    [TestCase("create", "pods/eviction")]
    public async Task Odd_answers_are_asked_for_again(string verb, string resource)
    {
        var nodes = await RunNodesAsync(2);
        // An eviction that is answered with 200 is taken for one, and made good only at the eviction deadline.
        var configuration = Configuration() with
        {
            Eviction = new EvictionConfiguration
            {
                GracePeriod = TimeSpan.FromSeconds(1),
                Deadline = TimeSpan.FromSeconds(verb == "create" ? 2 : 15),
            },
        };
        foreach (var (body, number) in (verb == "create" ? Odd.TakeLast(4) : Odd).Select((body, number) => (body, (uint)number + 1)))
        {
            foreach (var node in nodes)
                await RunPodAsync(PodOn(node, $"{node}-{number}"));
            BeBiDa.HandOver.HandOvers handOvers;
            // The hollow kubelets list and watch pods too; of four, some are BeBiDa's.
            using (
                server.Faults.Add(
                    new Fault(FaultKind.Answer)
                    {
                        Verb = verb,
                        Resource = resource,
                        Body = body,
                        Times = resource == "pods" ? 4 : 1,
                    }
                )
            )
            {
                handOvers = HandOvers(Connect(configuration), configuration);
                Assert.That(
                    (await handOvers.DecommissionAsync(Job(number, nodes), Budget)).Outcome,
                    Is.EqualTo(HandOverOutcome.Done),
                    $"{number}: {string.Join('\n', Log.All)}"
                );
            }
            foreach (var node in nodes)
            {
                // To a write that is answered with 200, odd words change nothing: it may have been done.
                if (verb is "list" or "watch")
                    Assert.That(await StateAsync(node), Is.EqualTo((true, $"lab.{number}", "slurm")));
                Assert.That(await PodNamesAsync(node), Is.Empty);
            }
            Assert.That(
                (await handOvers.RecommissionAsync(Job(number, nodes), Budget)).Outcome,
                Is.EqualTo(HandOverOutcome.Done),
                $"{number}: {string.Join('\n', Log.All)}"
            );
            await handOvers.DisposeAsync();
        }
    }

    [Test]
    public async Task Evictions_that_hang_on_one_node_keep_no_other_job_waiting([Values(1, 4, 64)] int maxInFlight)
    {
        var nodes = await RunNodesAsync(3);
        for (var i = 0; i < 40; i++)
            await CreateAsync(PodOn(nodes[0], $"hostile-{i}"));
        await RunPodAsync(PodOn(nodes[1], "mild-1"));
        await RunPodAsync(PodOn(nodes[2], "mild-2"));
        var configuration = Configuration();
        configuration = configuration with
        {
            Kubernetes = configuration.Kubernetes with
            {
                MaxInFlight = maxInFlight,
                RequestTimeout = TimeSpan.FromSeconds(maxInFlight == 1 ? 1 : 120),
            },
        };
        var handOvers = HandOvers(Connect(configuration), configuration);

        using var hang = server.Faults.Add(new Fault(FaultKind.Hang) { Resource = "pods/eviction", Path = "/hostile-" });
        var hostile = handOvers.DecommissionAsync(Job(7, nodes[0], nodes[2]), Budget);
        await Eventually("evictions hang", () => Task.FromResult(Evictions() >= Math.Max(1, maxInFlight / 4)));
        var other = await handOvers.DecommissionAsync(Job(8, nodes[1]), Budget);
        Assert.That((other.Outcome, other.PodsEvicted), Is.EqualTo((HandOverOutcome.Done, 1)), string.Join('\n', Log.All));
        // The job's own other node does not wait for it either.
        await Eventually("its other node is empty", async () => (await PodNamesAsync(nodes[2])).Count == 0);
        Assert.That(hostile.IsCompleted, Is.False);
        Assert.That((await handOvers.RecommissionAsync(Job(8, nodes[1]), Budget)).Outcome, Is.EqualTo(HandOverOutcome.Done));

        // At the eviction deadline they are deleted: no webhook of evictions is asked.
        Assert.That((await hostile).Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That(await PodNamesAsync(nodes[0]), Is.Empty);

        long Evictions() => server.RequestCounts.SingleOrDefault(c => c is { Verb: "create", Resource: "pods/eviction" })?.Requests ?? 0;
    }

    [Test]
    public async Task Writes_to_Nodes_have_a_quarter_of_the_requests_and_leave_room_for_the_rest_when_they_hang()
    {
        var cluster = Connect(With(maxInFlight: 8));
        var nodes = new List<ClusterNode>();
        for (var i = 0; i < 10; i++)
            nodes.Add(await NewNodeAsync());
        using var hang = server.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" });
        using var stop = new CancellationTokenSource();
        var before = Writes();
        var holds = nodes.Select(node => cluster.HoldAsync(node, new HoldKey("lab", 7), Since, stop.Token)).ToList();
        await Eventually("two writes hang", () => Task.FromResult(Writes() - before >= 2));
        await cluster.ListPodsAsync(nodes, default).WaitAsync(Lab.Eventually.Patience);
        Assert.That(Writes() - before, Is.EqualTo(2));
        await stop.CancelAsync();
        await Task.WhenAll(holds.Cast<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public async Task A_hold_that_waits_for_its_turn_can_be_withdrawn_and_one_that_was_sent_is_seen_to_its_end()
    {
        var cluster = Connect(With(maxInFlight: 4));
        var (sent, waits) = (await NewNodeAsync(), await NewNodeAsync());
        var slow = server.Faults.Add(
            new Fault(FaultKind.Latency)
            {
                Delay = TimeSpan.FromSeconds(2),
                Verb = "patch",
                Resource = "nodes",
            }
        );
        using var unsent = new CancellationTokenSource();
        var before = Writes();
        var first = cluster.HoldAsync(sent, Hold(7), Since, default, unsent.Token);
        await Eventually("one write is under way", () => Task.FromResult(Writes() - before == 1));
        var second = cluster.HoldAsync(waits, Hold(7), Since, default, unsent.Token);
        await unsent.CancelAsync();
        Assert.That(async () => await second, Throws.InstanceOf<OperationCanceledException>());
        await first;
        slow.Dispose();
        await cluster.HoldAsync(waits, Hold(8), Since, default);
        Assert.That((await StateAsync(sent.Name)).Unschedulable);
        Assert.That((await StateAsync(waits.Name)).Holds, Is.EqualTo("lab.8"));
        Assert.That(Writes() - before, Is.EqualTo(2));
    }

    [Test]
    public async Task Writes_to_one_node_are_done_in_the_order_of_asking_or_jobs_that_end_would_wait_for_all_that_begin()
    {
        var cluster = Connect(With(maxInFlight: 4));
        var node = await NewNodeAsync();
        using var slow = server.Faults.Add(
            new Fault(FaultKind.Latency)
            {
                Delay = TimeSpan.FromMilliseconds(100),
                Verb = "patch",
                Resource = "nodes",
            }
        );
        var done = new List<string>();
        var writes = Enumerable
            .Range(1, 8)
            .Select(i =>
                i % 2 == 0
                    ? Noted($"release {i}", cluster.ReleaseAsync(node, Hold((uint)i), default))
                    : Noted($"hold {i}", cluster.HoldAsync(node, Hold((uint)i), Since, default))
            )
            .ToList();
        await Task.WhenAll(writes);
        Assert.That(done, Is.EqualTo(Enumerable.Range(1, 8).Select(i => i % 2 == 0 ? $"release {i}" : $"hold {i}")));

        async Task Noted(string what, Task write)
        {
            await write;
            lock (done)
                done.Add(what);
        }
    }

    [Test]
    public async Task Watches_that_are_not_answered_have_a_quarter_of_the_requests_and_leave_room_for_the_rest()
    {
        var configuration = Configuration();
        var cluster = Connect(
            configuration with
            {
                Kubernetes = configuration.Kubernetes with { MaxInFlight = 8, RequestTimeout = TimeSpan.FromMinutes(5) },
            }
        );
        await cluster.NodesAsync(default);
        await Eventually("the nodes are watched", () => Task.FromResult(Count("watch", "nodes") == 1));
        var nodes = new List<ClusterNode>();
        for (var i = 0; i < 10; i++)
            nodes.Add(await NewNodeAsync());
        var list = await cluster.ListPodsAsync([nodes[0]], default);
        using var hang = server.Faults.Add(new Fault(FaultKind.Hang) { Verb = "watch", Resource = "pods" });
        using var stop = new CancellationTokenSource();
        var watches = nodes.Select(node => FollowAsync(cluster, node, list.ResourceVersion, stop.Token)).ToList();
        await Eventually("two of them hang", () => Task.FromResult(Count("watch", "pods") >= 2));
        await cluster.ListPodsAsync(nodes, default).WaitAsync(Lab.Eventually.Patience);
        await cluster.HoldAsync(nodes[0], new HoldKey("lab", 7), Since, default).WaitAsync(Lab.Eventually.Patience);
        Assert.That(Count("watch", "pods"), Is.EqualTo(2));
        await stop.CancelAsync();
        await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public async Task No_more_than_so_many_watches_of_pods_are_open_at_once_and_one_that_ends_makes_room()
    {
        const int most = 512;
        var cluster = Connect();
        // A drain of three nodes gets all of its watches or none.
        var nodes = new List<ClusterNode>();
        for (var i = 0; i < 3; i++)
            nodes.Add(await NewNodeAsync());
        var list = await cluster.ListPodsAsync(nodes, default);
        using var first = new CancellationTokenSource();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        List<Task> open =
        [
            FollowAsync(cluster, nodes[0], "1", first.Token),
            .. Enumerable.Range(1, most - 3).Select(_ => FollowAsync(cluster, nodes[0], "1", stop.Token)),
        ];
        await Eventually("they are open", () => Task.FromResult(Count("watch", "pods") == most - 2));
        var refused = await FailsAsync(() => FollowAsync(cluster, nodes, list.ResourceVersion, stop.Token));
        Assert.That(refused.Fault, Is.EqualTo(ClusterFault.Throttled));
        Assert.That(refused.Message, Does.Contain($"{most} watches"));
        Assert.That(Count("watch", "pods"), Is.EqualTo(most - 2));

        await first.CancelAsync();
        await open[0].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        open.Add(FollowAsync(cluster, nodes, list.ResourceVersion, stop.Token));
        await Eventually("the three are open", () => Task.FromResult(Count("watch", "pods") == most + 1));
        Assert.That((await FailsAsync(() => FollowAsync(cluster, nodes[0], "1", stop.Token))).Fault, Is.EqualTo(ClusterFault.Throttled));
        Assert.That(open.Skip(1).Select(watch => watch.IsCompleted), Is.All.False);
        await stop.CancelAsync();
        await Task.WhenAll(open).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [TestCase("pods")]
    [TestCase("nodes")]
    public async Task A_list_whose_pages_do_not_end_is_given_up_and_says_so(string resource)
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        await cluster.NodesAsync(default);
        using var pages = server.Faults.Add(
            new Fault(FaultKind.Answer)
            {
                Verb = "list",
                Resource = resource,
                Body = "{\"metadata\": {\"resourceVersion\": \"7\", \"continue\": \"more\"}, \"items\": []}",
            }
        );
        server.ResetRequestCounts();
        using var limit = new CancellationTokenSource(Lab.Eventually.Patience);
        var given = await FailsAsync(() =>
            resource == "pods" ? cluster.ListPodsAsync([node], limit.Token) : cluster.ReadAsync(limit.Token)
        );
        Assert.That((given.Fault, Count("list", resource)), Is.EqualTo((ClusterFault.Unavailable, 2)));
        Assert.That(given.Message, Does.Contain(server.Url.Authority).And.Contain("continue"));
        // And of the list with which everything begins.
        if (resource == "nodes")
        {
            var second = Connect();
            await Eventually("it is told", () => Task.FromResult(Log.Errors.Any(e => e.Contains("continue", StringComparison.Ordinal))));
            pages.Dispose();
            Assert.That((await second.NodesAsync(default)).ByName(node.Name), Is.EqualTo(node));
        }
    }

    [Test]
    public async Task Nothing_where_something_is_listed_is_read_over()
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        await cluster.NodesAsync(default);
        using (
            server.Faults.Add(
                new Fault(FaultKind.Answer)
                {
                    Verb = "list",
                    Resource = "pods",
                    Body =
                        $$$"""{"metadata":{"resourceVersion":"7"},"items":[null,{"metadata":{"name":"app","namespace":"any","uid":"u","ownerReferences":[null]},"spec":{"nodeName":"{{{node.Name}}}","volumes":[null]}}]}""",
                }
            )
        )
            Assert.That(
                (await cluster.ListPodsAsync([node], default)).Pods.Single(),
                Is.EqualTo(
                    new Pod
                    {
                        Namespace = "any",
                        Name = "app",
                        Uid = "u",
                        Node = node.Name,
                    }
                )
            );
        using (
            server.Faults.Add(
                new Fault(FaultKind.Answer)
                {
                    Verb = "list",
                    Resource = "nodes",
                    Body =
                        """{"metadata":{"resourceVersion":"7"},"items":[null,{"metadata":{"name":"n","uid":"u","annotations":{"hold.bebida.io/lab.7":null},"managedFields":[null]},"status":{"conditions":[null]}}]}""",
                }
            )
        )
        {
            Assert.That((await cluster.ReadAsync(default)).Select(l => (l.Node.Name, l.Holds.Count)), Is.EqualTo(new[] { ("n", 1) }));
            Assert.That((await cluster.ReadStatusAsync(default)).Select(s => (s.Node.Name, s.Ready)), Is.EqualTo(new[] { ("n", false) }));
        }
        using (
            server.Faults.Add(
                new Fault(FaultKind.Answer)
                {
                    Verb = "list",
                    Resource = "nodes",
                    Body = """{"items":[{"metadata":{"uid":"u","resourceVersion":"7","managedFields":[null]}}]}""",
                }
            )
        )
            Assert.That(
                (await FailsAsync(() => cluster.RemoveAsync(new ClusterNode("nobody", "u"), "lab", default))).Fault,
                Is.EqualTo(ClusterFault.NotFound)
            );
    }

    [TestCase(422)]
    [TestCase(429)]
    public async Task An_error_with_nothing_for_its_cause_is_an_error_like_any_other(int code)
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        var cluster = Connect();
        var pod = (await cluster.ListPodsAsync([(await cluster.NodesAsync(default)).ByName(node)!], default)).Pods.Single();
        using (
            server.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = code,
                    Verb = "create",
                    Resource = "pods/eviction",
                    Times = 1,
                    Body = "{\"details\": {\"causes\": [null]}}",
                }
            )
        )
            Assert.That(
                (await FailsAsync(() => cluster.EvictAsync(pod, null, default))).Fault,
                Is.EqualTo(code == 429 ? ClusterFault.Throttled : ClusterFault.Refused)
            );
    }

    [Test]
    public async Task One_list_of_many_that_fails_is_asked_for_again_by_itself()
    {
        var nodes = new List<ClusterNode>();
        for (var i = 0; i < 5; i++)
            nodes.Add(await NewNodeAsync());
        var cluster = Connect();
        using var shed = server.Faults.Add(
            new Fault(FaultKind.Refuse)
            {
                StatusCode = 503,
                Verb = "list",
                Resource = "pods",
                Times = 2,
            }
        );
        var before = Lists();
        await cluster.ListPodsAsync(nodes, default);
        Assert.That(Lists() - before, Is.EqualTo(7));

        long Lists() => server.RequestCounts.SingleOrDefault(c => c is { Verb: "list", Resource: "pods" })?.Requests ?? 0;
    }

    [Test]
    public async Task A_server_that_ends_each_connection_as_it_is_made_is_one_that_cannot_be_reached()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var ending = Task.Run(async () =>
        {
            while (true)
            {
                using var connection = await listener.AcceptSocketAsync();
                connection.LingerState = new LingerOption(true, 0);
            }
        });
        var kubeconfig = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            kubeconfig,
            (await File.ReadAllTextAsync(Server.AdminKubeconfig)).Replace(
                server.Url.Authority,
                listener.LocalEndpoint.ToString(),
                StringComparison.Ordinal
            )
        );
        var cluster = Connect(Configuration(kubeconfig));
        for (var tries = 0; tries < 200; tries++)
            Assert.That(
                (await FailsAsync(() => cluster.HoldAsync(new ClusterNode("any", "any"), Hold(1), Since, default))).Fault,
                Is.EqualTo(ClusterFault.Unavailable)
            );
        listener.Stop();
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        File.Delete(kubeconfig);
    }

    [Test]
    public async Task A_server_that_asks_for_patience_for_centuries_is_asked_again_all_the_same()
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        var configuration = Configuration() with
        {
            Eviction = new EvictionConfiguration { GracePeriod = TimeSpan.FromSeconds(1), Deadline = TimeSpan.FromSeconds(2) },
        };
        using var fault = server.Faults.Add(
            new Fault(FaultKind.Refuse)
            {
                StatusCode = 429,
                RetryAfter = int.MaxValue,
                Verb = "create",
                Resource = "pods/eviction",
                Times = 1,
            }
        );
        var taken = await HandOvers(Connect(configuration), configuration).DecommissionAsync(Job(7, node), Budget);
        Assert.That(taken.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
    }

    private long Count(string verb, string resource) =>
        server.RequestCounts.SingleOrDefault(c => c.Verb == verb && c.Resource == resource)?.Requests ?? 0;

    private long Writes() => Count("patch", "nodes");

    private BebidaConfiguration With(int maxInFlight)
    {
        var configuration = Configuration();
        return configuration with
        {
            Kubernetes = configuration.Kubernetes with { MaxInFlight = maxInFlight, RequestTimeout = TimeSpan.FromMinutes(5) },
        };
    }

    private static Task FollowAsync(KubernetesCluster cluster, ClusterNode node, string from, CancellationToken cancellationToken) =>
        FollowAsync(cluster, [node], from, cancellationToken);

    private static async Task FollowAsync(
        KubernetesCluster cluster,
        IReadOnlyCollection<ClusterNode> nodes,
        string from,
        CancellationToken cancellationToken
    )
    {
        await foreach (var _ in cluster.WatchPodsAsync(nodes, from, cancellationToken))
        {
            // Nothing comes.
        }
    }
}
