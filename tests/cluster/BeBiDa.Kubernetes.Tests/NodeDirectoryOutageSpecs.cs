using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>What the node directory goes through while the API server fails.</summary>
public sealed class NodeDirectoryOutageSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private readonly FakeTimeProvider serverClock = new(DateTimeOffset.UtcNow);
    private EmbeddedApiServer server = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) =>
        server = Ends(await EmbeddedApiServer.StartAsync(new EmbeddedApiOptions { Clock = serverClock }));

    [Test]
    public async Task A_watch_whose_moment_is_too_long_ago_begins_anew_with_a_list_and_no_error()
    {
        var gone = await NewNodeAsync();
        var directory = await Connect().NodesAsync(default);
        await Eventually("the nodes are watched", () => Task.FromResult(Count("watch") == 1));

        var fault = server.Faults.Add(new Fault(FaultKind.Hang) { Verb = "watch", Resource = "nodes" });
        // The server ends the watch as it does every 300 s; while the next one hangs, its moment is forgotten.
        serverClock.Advance(TimeSpan.FromSeconds(301));
        await Eventually("it is watched again", () => Task.FromResult(Count("watch") == 2));
        var come = await NewNodeAsync();
        await DeleteNodeAsync(gone.Name);
        server.Compact();
        fault.Dispose();

        await Eventually(
            "the change is known",
            () => Task.FromResult(directory.ByName(come.Name) == come && directory.ByName(gone.Name) is null)
        );
        Assert.That(Count("list"), Is.EqualTo(2), "the nodes are listed once more");
        Assert.That(Log.Errors, Is.Empty);
    }

    [TestCase(FaultKind.Refuse)]
    [TestCase(FaultKind.Answer)]
    public async Task A_server_that_ends_each_watch_at_once_is_asked_again_after_pauses_that_grow(FaultKind kind)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var ends = server.Faults.Add(
            new Fault(kind)
            {
                StatusCode = 410,
                Verb = "watch",
                Resource = "nodes",
            }
        );
        var cluster = Ends(KubernetesCluster.Connect(Configuration(), allowExec: false, clock, Log));
        await Eventually("it is asked", () => Task.FromResult(Count("watch") == 1));
        await IsNotAskedAsync(1);
        var passed = clock.GetUtcNow();
        foreach (var watches in new[] { 2, 3, 4, 5 })
        {
            await Eventually(
                "it is asked again",
                () =>
                {
                    if (Count("watch") < watches)
                        clock.Advance(TimeSpan.FromMilliseconds(10));
                    return Task.FromResult(Count("watch") == watches);
                }
            );
            await IsNotAskedAsync(watches);
        }
        Assert.That(
            clock.GetUtcNow() - passed,
            Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds((100 + 200 + 400 + 800) / 2)),
            "by the clock that the test moves; jitter takes away up to half"
        );
        // What is told to have expired is listed anew; a watch that just ends goes on from where it was.
        Assert.That(Count("list"), Is.EqualTo(kind == FaultKind.Refuse ? 5 : 1));
        Assert.That(Log.Errors, Is.Empty);

        async Task IsNotAskedAsync(int watches)
        {
            for (var i = 0; i < 20; i++)
                await Admin.GetAsync<k8s.Models.V1Namespace>(Hollow.Api.Resources.Namespaces.At(null, Space), default);
            Assert.That(Count("watch"), Is.EqualTo(watches));
        }
    }

    [Test]
    public async Task Nodes_that_came_while_nobody_watched_are_told_once_also_those_that_were_registered_anew([Values] bool expired)
    {
        var again = await NewNodeAsync();
        var cluster = Connect();
        var told = 0;
        cluster.NodeAdded += () => Interlocked.Increment(ref told);
        var directory = await cluster.NodesAsync(default);
        var gone = await NewNodeAsync();
        await ToldAsync(1);

        // The server ends the watch; while no other begins, its moment is forgotten.
        var watches = Count("watch");
        var fault = server.Faults.Add(
            expired
                ? new Fault(FaultKind.Hang) { Verb = "watch", Resource = "nodes" }
                : new Fault(FaultKind.Refuse) { Resource = "nodes", UserAgent = "bebida/" }
        );
        serverClock.Advance(TimeSpan.FromSeconds(301));
        await Eventually("it is watched again", () => Task.FromResult(Count("watch") > watches));
        await NewNodeAsync();
        var come = await NewNodeAsync();
        await DeleteNodeAsync(again.Name);
        again = await NewNodeAsync(again.Name);
        server.Compact();
        fault.Dispose();
        await ToldAsync(2);
        Assert.That((directory.ByName(come.Name), directory.ByName(again.Name)), Is.EqualTo((come, again)));
        await NewNodeAsync();
        await ToldAsync(3);

        // A list that brings nothing new tells nothing.
        watches = Count("watch");
        fault = server.Faults.Add(new Fault(FaultKind.Hang) { Verb = "watch", Resource = "nodes" });
        serverClock.Advance(TimeSpan.FromSeconds(301));
        await Eventually("it is watched again", () => Task.FromResult(Count("watch") > watches));
        await DeleteNodeAsync(gone.Name);
        server.Compact();
        fault.Dispose();
        await Eventually("it is listed again", () => Task.FromResult(directory.ByName(gone.Name) is null));
        await NewNodeAsync();
        await ToldAsync(4);

        Task ToldAsync(int times) => Eventually($"it is told {times} times", () => Task.FromResult(Volatile.Read(ref told) == times));
    }

    [Test]
    public async Task What_changed_while_the_server_was_down_is_known_when_it_is_back_and_the_outage_is_told_once()
    {
        var first = await NewNodeAsync();
        var directory = await Connect().NodesAsync(default);
        await server.StopAsync();
        await Eventually("the outage is told", () => Task.FromResult(Log.Errors.Count == 1));
        Assert.That(directory.ByName(first.Name), Is.EqualTo(first), "a node is known during the outage");
        await server.RestartAsync();
        var second = await NewNodeAsync();
        await DeleteNodeAsync(first.Name);
        await Eventually(
            "the directory is current",
            () => Task.FromResult(directory.ByName(second.Name) == second && directory.ByName(first.Name) is null)
        );
        Assert.That(Log.Errors, Has.Count.EqualTo(1).And.One.Contains(server.Url.Authority));
        Assert.That(Log.Events, Has.One.EqualTo("NodesListedAgain"));
    }

    [Test]
    public async Task A_server_that_is_down_at_the_start_is_waited_for()
    {
        var node = await NewNodeAsync();
        await server.StopAsync();
        var nodes = Connect().NodesAsync(default).AsTask();
        await Eventually("the outage is told", () => Task.FromResult(Log.Errors.Count == 1));
        Assert.That(nodes.IsCompleted, Is.False);
        await server.RestartAsync();
        Assert.That((await nodes).ByName(node.Name), Is.EqualTo(node));
    }

    [Test]
    public async Task More_nodes_than_one_page_holds_are_all_listed()
    {
        const int count = 1200;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await NewNodeAsync($"many{i}")
        );
        server.ResetRequestCounts();
        var directory = await Connect().NodesAsync(default);
        Assert.That(directory.Count, Is.EqualTo(count));
        Assert.That(directory.Nodes.Select(n => n.Name), Is.EquivalentTo(Enumerable.Range(0, count).Select(i => $"many{i}")));
        Assert.That(Count("list"), Is.EqualTo(2), "a page holds 1,000");
    }

    private long Count(string verb) => server.RequestCounts.SingleOrDefault(c => c.Verb == verb && c.Resource == "nodes")?.Requests ?? 0;
}
