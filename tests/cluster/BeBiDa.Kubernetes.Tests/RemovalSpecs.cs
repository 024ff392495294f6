using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Site;

namespace BeBiDa.Tests;

/// <summary>Node objects that are deleted while Slurm has the machines (kubernetes.removeNode).</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class RemovalSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task A_node_that_this_clusters_jobs_hold_goes()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await cluster.HoldAsync(node, Hold(1), Since, default);
        await cluster.HoldAsync(node, Hold(2), Since, default);
        Assert.That(await cluster.RemoveAsync(node, "lab", default), Is.Null);
        Assert.That(await IsThereAsync(node), Is.False);
        Assert.That(await cluster.RemoveAsync(node, "lab", default), Is.Null, "twice is once");
    }

    [Test]
    public async Task A_node_that_another_Slurm_cluster_holds_stays()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await cluster.HoldAsync(node, Hold(1), Since, default);
        await cluster.HoldAsync(node, new Holds.HoldKey("other", 7), Since, default);
        Assert.That(await cluster.RemoveAsync(node, "lab", default), Is.EqualTo("job 7 of cluster other holds it too"));
        Assert.That(await IsThereAsync(node), Is.True);
    }

    [Test]
    public async Task A_node_that_an_admin_had_cordoned_stays()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await Kubectl.RunAsync("cordon", node.Name);
        await cluster.HoldAsync(node, Hold(1), Since, default);
        Assert.That(await cluster.RemoveAsync(node, "lab", default), Does.StartWith("someone else has cordoned it (field manager "));
        await cluster.ReleaseAsync(node, Hold(1), default);
        Assert.That((await StateAsync(node.Name)).Item1, Is.True);
    }

    [Test]
    public async Task A_node_that_was_registered_anew_meanwhile_stays()
    {
        var (cluster, node) = (Connect(), await NewNodeAsync());
        await Kubectl.RunAsync("delete", "node", node.Name);
        var anew = await NewNodeAsync(node.Name);
        Assert.That(await cluster.RemoveAsync(node, "lab", default), Is.Null);
        Assert.That(await IsThereAsync(anew), Is.True);
    }

    [Test]
    public async Task Only_the_right_to_delete_nodes_is_wanted_for_it_beside_those_of_every_site()
    {
        var manifests = Path.Combine(Lab.PluginBuild.RepositoryRoot(), "packaging", "kubernetes");
        await Kubectl.RunAsync("apply", "-f", Path.Combine(manifests, "rbac.yaml"));
        var (cluster, node) = (Connect(Configuration(Server.WriteKubeconfig("bebida"))), await NewNodeAsync());
        await Eventually(
            "the rights are there",
            async () =>
            {
                try
                {
                    await cluster.HoldAsync(node, Hold(1), Since, default);
                    return true;
                }
                catch (ClusterException)
                {
                    return false;
                }
            }
        );
        Assert.That((await FailsAsync(() => cluster.RemoveAsync(node, "lab", default))).Fault, Is.EqualTo(ClusterFault.Forbidden));

        await Kubectl.RunAsync("apply", "-f", Path.Combine(manifests, "rbac-remove-node.yaml"));
        try
        {
            await Eventually(
                "the node goes",
                async () =>
                {
                    try
                    {
                        return await cluster.RemoveAsync(node, "lab", default) is null && !await IsThereAsync(node);
                    }
                    catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
                    {
                        return false;
                    }
                }
            );
        }
        finally
        {
            await Kubectl.RunAsync("delete", "-f", Path.Combine(manifests, "rbac-remove-node.yaml"));
        }
    }

    private async Task<bool> IsThereAsync(ClusterNode node) =>
        (await Kubectl.RunAsync("get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}")).Split(' ').Contains(node.Uid);
}
