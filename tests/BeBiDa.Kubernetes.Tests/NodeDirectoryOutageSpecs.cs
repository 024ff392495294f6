using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
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

        await Eventually("the change is known", () => Task.FromResult(directory.ByName(come.Name) == come && directory.ByName(gone.Name) is null));
        Assert.That(Count("list"), Is.EqualTo(2), "the nodes are listed once more");
        Assert.That(Log.Errors, Is.Empty);
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
        await Eventually("the directory is current", () => Task.FromResult(directory.ByName(second.Name) == second && directory.ByName(first.Name) is null));
        Assert.That(Log.Errors, Has.Count.EqualTo(1).And.One.Contains(server.Url.Authority));
        Assert.That(Log.All, Has.One.Contains("answers again"));
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
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await NewNodeAsync($"many{i}"));
        server.ResetRequestCounts();
        var directory = await Connect().NodesAsync(default);
        Assert.That(directory.Count, Is.EqualTo(count));
        Assert.That(directory.Nodes.Select(n => n.Name), Is.EquivalentTo(Enumerable.Range(0, count).Select(i => $"many{i}")));
        Assert.That(Count("list"), Is.EqualTo(2), "a page holds 1,000");
    }

    private long Count(string verb) => server.RequestCounts.SingleOrDefault(c => c.Verb == verb && c.Resource == "nodes")?.Requests ?? 0;
}
