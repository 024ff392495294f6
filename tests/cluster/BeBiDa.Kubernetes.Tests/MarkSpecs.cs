using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Tests;

/// <summary>Marks for maintenance, ours and those of whoever has kubectl.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class MarkSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private const string Label = "bebida.io/maintenance";

    private static readonly DateTimeOffset Until = new(2030, 1, 2, 18, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task A_mark_is_seen_by_a_watch_with_its_whole_reason_and_so_is_its_end()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        var directory = await cluster.NodesAsync(default);
        var marked = 0;
        cluster.NodeMarked += () => Interlocked.Increment(ref marked);
        var mark = new MaintenanceMark("new-memory", "new memory", Until);
        Assert.That((await cluster.MarkAsync(node, Label, "new memory", Until, default)).Mark, Is.EqualTo(mark));
        await Eventually("the mark is seen", () => Task.FromResult(directory.ByName(node.Name)?.Mark == mark));
        Assert.That((await cluster.ReadAsync(default)).Single(n => n.Node.Name == node.Name).Node.Mark, Is.EqualTo(mark));
        Assert.That(await cluster.UnmarkAsync(node, Label, default), Is.Null);
        await Eventually("its end is seen", () => Task.FromResult(directory.ByName(node.Name) is { Mark: null }));
        Assert.That(marked, Is.GreaterThanOrEqualTo(2), "other tests mark nodes of theirs");
        Assert.That((await ReadAsync(node)).Metadata.Annotations ?? new Dictionary<string, string>(), Is.Empty);
    }

    [Test]
    public async Task A_mark_of_kubectl_is_seen_and_stays_theirs()
    {
        // The server tells who owns what from the first field on that somebody has set.
        var (cluster, node) = (Connect(), await NewNodeAsync(labels: new Dictionary<string, string> { ["rack"] = "r1" }));
        var directory = await cluster.NodesAsync(default);
        await Kubectl.RunAsync("label", "node", node.Name, $"{Label}=theirs");
        var theirs = new MaintenanceMark("theirs", "theirs", null);
        await Eventually("the mark is seen", () => Task.FromResult(directory.ByName(node.Name)?.Mark == theirs));
        Assert.That((await cluster.MarkAsync(node, Label, "ours", Until, default)).Mark, Is.EqualTo(theirs));
        Assert.That(await cluster.UnmarkAsync(node, Label, default), Is.EqualTo("kubectl-label"));
        Assert.That(directory.ByName(node.Name)?.Mark, Is.EqualTo(theirs));
        await Kubectl.RunAsync("label", "node", node.Name, $"{Label}-");
        Assert.That(await cluster.UnmarkAsync(node, Label, default), Is.Null);
    }

    [Test]
    public async Task A_mark_whose_owner_nobody_knows_is_not_ours_to_replace()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await Kubectl.RunAsync("label", "node", node.Name, $"{Label}=theirs");
        await Kubectl.RunAsync("patch", "node", node.Name, "--type=merge", "--patch", "{\"metadata\":{\"managedFields\":[{}]}}");
        Assert.That((await cluster.MarkAsync(node, Label, "ours", Until, default)).Mark?.Label, Is.EqualTo("theirs"));
        Assert.That(await cluster.UnmarkAsync(node, Label, default), Is.EqualTo("before-first-apply"));
    }

    [Test]
    public async Task Done_twice_is_done_once_and_another_reason_replaces_ours()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await cluster.MarkAsync(node, Label, "disk", Until, default);
        var version = (await ReadAsync(node)).Metadata.ResourceVersion;
        await cluster.MarkAsync(node, Label, "disk", Until, default);
        Assert.That((await ReadAsync(node)).Metadata.ResourceVersion, Is.EqualTo(version));
        Assert.That(
            (await cluster.MarkAsync(node, Label, "fans", null, default)).Mark,
            Is.EqualTo(new MaintenanceMark("fans", "fans", null))
        );
        await cluster.UnmarkAsync(node, Label, default);
        Assert.That(await cluster.UnmarkAsync(node, Label, default), Is.Null);
    }

    [Test]
    public async Task Kubectl_may_remove_what_we_have_set()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await cluster.MarkAsync(node, Label, "disk", Until, default);
        await Kubectl.RunAsync("label", "node", node.Name, $"{Label}-");
        Assert.That(
            (await cluster.ReadAsync(default)).Single(n => n.Node.Name == node.Name).Node.Mark,
            Is.Null,
            "annotations alone are no mark"
        );
        await Kubectl.RunAsync("label", "node", node.Name, $"{Label}=other");
        Assert.That(
            (await cluster.ReadAsync(default)).Single(n => n.Node.Name == node.Name).Node.Mark,
            Is.EqualTo(new MaintenanceMark("other", "other", null)),
            "nor do they say why it was marked anew"
        );
    }

    [Test]
    public async Task A_site_names_its_own_label_or_none()
    {
        const string own = "node-restriction.kubernetes.io/service";
        var node = await NewNodeAsync(labels: new Dictionary<string, string> { [Label] = "x", [own] = "y" });
        Assert.That(
            (await Connect(With(own)).NodesAsync(default)).ByName(node.Name)?.Mark,
            Is.EqualTo(new MaintenanceMark("y", "y", null))
        );
        Assert.That((await Connect(With("")).NodesAsync(default)).ByName(node.Name)?.Mark, Is.Null);
    }

    private BebidaConfiguration With(string label) => Configuration() with { Nodes = new NodesConfiguration { MaintenanceLabel = label } };
}
