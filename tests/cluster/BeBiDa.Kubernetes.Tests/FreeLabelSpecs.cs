using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Holds;
using BeBiDa.Planning;

namespace BeBiDa.Tests;

/// <summary>The label and the annotation that say how long a node stays free.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class FreeLabelSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private static readonly DateTimeOffset Until = new(2030, 1, 2, 18, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task What_is_told_can_be_read_and_removed_whoever_changed_it_and_is_no_hold()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await cluster.HoldAsync(node, new HoldKey("lab", 7), Until, default);
        await cluster.TellFreeAsync(node, new FreeTime(Until, 4096), default);
        await Kubectl.RunAsync("label", "--overwrite", "node", node.Name, "bebida.io/free-seconds=99999");
        await cluster.TellFreeAsync(node, new FreeTime(Until.AddHours(1), 2048), default);
        Assert.That(
            (await cluster.ReadFreeAsync(default)).Where(t => t.Node.Name == node.Name).Select(t => t.Told),
            Is.EqualTo(new[] { new FreeTime(Until.AddHours(1), 2048) })
        );
        Assert.That(await cluster.ReleaseAsync(node, new HoldKey("lab", 7), default), Is.Empty);
        Assert.That((await ReadAsync(node)).Metadata.Labels["bebida.io/free-seconds"], Is.EqualTo("2048"));

        await cluster.TellFreeAsync(node, null, default);
        var metadata = (await ReadAsync(node)).Metadata;
        Assert.That(metadata.Annotations ?? new Dictionary<string, string>(), Is.Empty);
        Assert.That((await cluster.ReadFreeAsync(default)).Select(t => t.Node.Name), Does.Not.Contain(node.Name));
    }

    [Test]
    public async Task What_nobody_can_read_promises_too_much()
    {
        var (cluster, node) = (
            Connect(),
            await NewNodeAsync(labels: new Dictionary<string, string> { ["bebida.io/free-seconds"] = "long" })
        );
        Assert.That(
            (await cluster.ReadFreeAsync(default)).Single(t => t.Node.Name == node.Name).Told,
            Is.EqualTo(new FreeTime(DateTimeOffset.UnixEpoch, long.MaxValue))
        );
    }

    [Test]
    public async Task A_write_to_a_node_that_is_gone_is_a_conflict()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        Assert.That(
            () => cluster.TellFreeAsync(node with { Uid = Guid.NewGuid().ToString() }, new FreeTime(Until, 32), default),
            Throws.TypeOf<ClusterException>().With.Property(nameof(ClusterException.Fault)).EqualTo(ClusterFault.Conflict)
        );
    }
}
