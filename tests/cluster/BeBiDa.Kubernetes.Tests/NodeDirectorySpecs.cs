using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using k8s.Models;

namespace BeBiDa.Tests;

[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class NodeDirectorySpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private const string Label = "slurm.test/node";

    [Test]
    public async Task Nodes_are_known_by_name_and_uid_as_soon_as_they_are_listed()
    {
        var node = await NewNodeAsync();
        var directory = await Connect().NodesAsync(default);
        Assert.That(directory.ByName(node.Name), Is.EqualTo(node));
        Assert.That(directory.ByName("nobody"), Is.Null);
    }

    [Test]
    public async Task Nodes_that_come_are_found_and_those_that_go_are_forgotten()
    {
        var cluster = Connect();
        var directory = await cluster.NodesAsync(default);
        var node = await NewNodeAsync();
        await Eventually("the new node is known", () => Task.FromResult(directory.ByName(node.Name) == node));
        await DeleteNodeAsync(node.Name);
        await Eventually("the old node is forgotten", () => Task.FromResult(directory.ByName(node.Name) is null));
        var again = await NewNodeAsync(node.Name);
        await Eventually("the node is known by its new uid", () => Task.FromResult(directory.ByName(node.Name)?.Uid == again.Uid));
    }

    [Test]
    public async Task A_node_is_found_by_the_label_that_says_its_Slurm_name_also_after_it_changed()
    {
        var (first, second) = (Unique("slurm"), Unique("slurm"));
        var node = await NewNodeAsync(labels: new Dictionary<string, string> { [Label] = first });
        var directory = await Connect(Configuration() with { Nodes = new NodesConfiguration { Label = Label } }).NodesAsync(default);
        Assert.That(directory.BySlurmName(first)?.Name, Is.EqualTo(node.Name));
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node.Name),
            new { metadata = new { labels = new Dictionary<string, string?> { [Label] = second } } },
            default
        );
        await Eventually("the new label is known", () => Task.FromResult(directory.BySlurmName(second)?.Name == node.Name));
        Assert.That(directory.BySlurmName(first), Is.Null);
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node.Name),
            new { metadata = new { labels = new Dictionary<string, string?> { [Label] = null } } },
            default
        );
        await Eventually("the label is gone", () => Task.FromResult(directory.BySlurmName(second) is null));
        Assert.That(directory.ByName(node.Name), Is.Not.Null);
    }
}
