using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>What a kubelet says of its node, by the Node's status and by its Lease.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class HeartbeatSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private const string LeaseNamespace = "kube-node-lease";

    [Test]
    public async Task The_status_the_Lease_and_the_resources_are_read_and_nothing_of_a_node_that_is_another_now()
    {
        var (cluster, node) = (Connect(), await RunNodeAsync());
        var first = (await cluster.HeartbeatAsync(node, default))!;
        Assert.That((first.Ready, first.Status is null, first.Lease is null), Is.EqualTo((true, false, false)));
        Assert.That(first.Resources, Has.Member("cpu"));

        await RenewAsync(node);
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node.Name, "status"),
            new { status = new { allocatable = new Dictionary<string, string> { ["nvidia.com/gpu"] = "0", ["example.com/fpga"] = "2" } } },
            default
        );
        await cluster.HoldAsync(node, Hold(7), Since, default);
        var second = (await cluster.HeartbeatAsync(node, default))!;
        Assert.That((second.Status == first.Status, second.Lease == first.Lease), Is.EqualTo((true, false)));
        Assert.That(second.Holds.Select(h => h.Key), Is.EqualTo(new[] { Hold(7) }));
        Assert.That(second.Resources, Has.Member("example.com/fpga").And.No.Member("nvidia.com/gpu"));
        await PostAsync(node);
        Assert.That((await cluster.HeartbeatAsync(node, default))!.Status, Is.Not.EqualTo(first.Status));
        Assert.That(await cluster.HeartbeatAsync(node with { Uid = "another" }, default), Is.Null);
        Assert.That(await cluster.HeartbeatAsync(new ClusterNode("nowhere", "no uid"), default), Is.Null);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task The_Lease_needs_a_right_of_its_own_and_without_it_the_status_is_read(bool isGranted)
    {
        var kubeconfig = await IdentityAsync(isGranted ? ["rbac.yaml", "rbac-wait-until-ready.yaml"] : ["rbac.yaml"]);
        var (cluster, node) = (Connect(Configuration(kubeconfig)), await RunNodeAsync());
        for (var look = 0; look < 2; look++)
        {
            var heartbeat = (await cluster.HeartbeatAsync(node, default))!;
            Assert.That((heartbeat.Ready, heartbeat.Lease is not null), Is.EqualTo((true, isGranted)));
        }
        Assert.That(
            Log.All.Count(line => line.Contains("bebidactl check prints the command that grants the right", StringComparison.Ordinal)),
            Is.EqualTo(isGranted ? 0 : 1)
        );
    }

    private async Task<ClusterNode> RunNodeAsync()
    {
        var name = (await RunNodesAsync(1))[0];
        await Eventually(
            $"{name} has a Lease",
            async () => (await Admin.GetAsync<V1Lease>(Resources.Leases.At(LeaseNamespace, name), default)).Spec.RenewTime is not null
        );
        return new ClusterNode(name, (await ReadNodeAsync(name)).Metadata.Uid);
    }

    private async Task PostAsync(ClusterNode node)
    {
        var conditions = (await ReadAsync(node)).Status.Conditions;
        foreach (var condition in conditions)
            condition.LastHeartbeatTime = new DateTime(2030, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        await Admin.MergeAsync<V1Node>(Resources.Nodes.At(null, node.Name, "status"), new { status = new { conditions } }, default);
    }

    private Task<V1Lease> RenewAsync(ClusterNode node) =>
        Admin.MergeAsync<V1Lease>(
            Resources.Leases.At(LeaseNamespace, node.Name),
            new { spec = new { renewTime = "2030-01-02T03:04:05.000000Z" } },
            default
        );
}
