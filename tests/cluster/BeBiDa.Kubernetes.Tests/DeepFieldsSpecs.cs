using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;

namespace BeBiDa.Tests;

/// <summary>What BeBiDa skips unread is as deep as its writer likes: a real API server keeps it so. The server is the test's own: other clients would stumble.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class DeepFieldsSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private const int Depth = 100;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => Ends(await TestServers.StartAsync(kind));

    [Test]
    public async Task Fields_that_a_pods_owner_nests_deeply_keep_no_node_from_being_handed_over()
    {
        var nodes = new[] { await NewNodeAsync(), await NewNodeAsync() };
        var fields = string.Concat(Enumerable.Repeat("{\"f:a\":", Depth)) + "{}" + new string('}', Depth);
        var path = Path.Combine(Path.GetTempPath(), $"{Unique("deep")}.json");
        await File.WriteAllTextAsync(
            path,
            $$$"""
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": "deep", "namespace": "{{{Space}}}", "managedFields":
               [{"apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {{{fields}}}, "manager": "someone", "operation": "Update", "time": "2026-01-01T00:00:00Z"}]},
             "spec": {"nodeName": "{{{nodes[0].Name}}}", "containers": [{"name": "main", "image": "none"}]}}
            """
        );
        await Kubectl.RunAsync("create", "-f", path);
        File.Delete(path);

        var configuration = Configuration() with
        {
            Eviction = new EvictionConfiguration { GracePeriod = TimeSpan.FromSeconds(1), Deadline = TimeSpan.FromSeconds(2) },
        };
        var cluster = Connect(configuration);
        var result = await HandOvers(cluster, configuration).DecommissionAsync(Job(7, nodes.Select(n => n.Name)), Lab.Eventually.Patience);
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That(await cluster.ReadStatusAsync(default), Has.Count.EqualTo(2));
    }
}
