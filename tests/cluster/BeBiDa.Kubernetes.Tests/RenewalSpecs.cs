using System.Runtime.InteropServices;
using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>Credentials are renewed on disk while they are in use, in all the ways in which tools do that.</summary>
public sealed class RenewalSpecs() : ClusterTest(ApiServerKind.Embedded)
{
    private const string Masters = "system:masters";

    private EmbeddedApiServer server = null!;
    private KubeconfigFolder folder = null!;

    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => server = Ends(await EmbeddedApiServer.StartAsync());

    [SetUp]
    public void OpenTheFolder() => folder = new KubeconfigFolder(server);

    [TearDown]
    public void DeleteTheFolder() => folder.Dispose();

    [Test]
    public async Task A_kubeconfig_that_is_replaced_by_one_with_another_certificate_is_used()
    {
        var (cluster, node) = await ConnectAsync(Embedded(folder.Identity("powerless")));
        await IsPowerlessAsync(cluster, node);
        Replace("config", () => Embedded(folder.Identity("bebida", Masters)));
        await WorksAsync(cluster, node);
    }

    [Test]
    public async Task A_certificate_and_a_key_that_are_replaced_one_after_the_other_are_used_when_both_are_there()
    {
        Write("client", folder.Identity("powerless"));
        var (cluster, node) = await ConnectAsync(folder.Write("client-certificate: client.crt\nclient-key: client.key"));
        await IsPowerlessAsync(cluster, node);

        var (certificate, key) = folder.Identity("bebida", Masters);
        Replace("client.crt", () => folder.Add("client.crt.new", certificate));
        await Task.WhenAny(
            WorksAsync(cluster, node),
            Eventually("the pair that does not fit is told", () => Task.FromResult(Log.Events.Contains("CredentialsUnusable")))
        );
        await IsPowerlessAsync(cluster, node);
        Replace("client.key", () => folder.Add("client.key.new", key));
        await WorksAsync(cluster, node);
    }

    [Test]
    public async Task A_token_behind_links_that_are_turned_as_kubelet_turns_them_is_used()
    {
        server.AddToken("first", "powerless");
        server.AddToken("second", "bebida", Masters);
        var first = Path.GetDirectoryName(folder.Add("..2026_01/token", "first\n"))!;
        var data = Path.Combine(Path.GetDirectoryName(first)!, "..data");
        Directory.CreateSymbolicLink(data, "..2026_01");
        File.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(first)!, "token"), "..data/token");
        var (cluster, node) = await ConnectAsync(folder.Write("tokenFile: token"));
        await IsPowerlessAsync(cluster, node);

        folder.Add("..2026_02/token", "second\n");
        Directory.CreateSymbolicLink(data + ".new", "..2026_02");
        Assert.That(rename(data + ".new", data), Is.Zero);
        await WorksAsync(cluster, node);
    }

    [Test]
    public async Task A_kubeconfig_that_cannot_be_used_is_told_once_and_the_former_one_used_until_it_is_mended()
    {
        var (cluster, node) = await ConnectAsync(Embedded(folder.Identity("bebida", Masters)));
        folder.Add("config", "nonsense: [");
        await Eventually(
            "it is told",
            async () =>
            {
                await cluster.HoldAsync(node, Hold(1), Since, default);
                return Told() == 1;
            }
        );
        for (var i = 0; i < 3; i++)
            await cluster.HoldAsync(node, Hold(1), Since, default);
        Assert.That(Told(), Is.EqualTo(1));

        Replace("config", () => Embedded(folder.Identity("powerless")));
        await Eventually("the new one is used", async () => (await CatchAsync(cluster, node))?.Fault == Cluster.ClusterFault.Forbidden);

        int Told() =>
            Log.All.Count(l =>
                l.Contains(": not YAML", StringComparison.Ordinal)
                && l.Contains("still using the previous credentials", StringComparison.Ordinal)
            );
    }

    [Test]
    public async Task A_token_that_no_header_can_hold_is_a_fault_that_names_the_server_until_it_is_put_right()
    {
        var (cluster, node) = await ConnectAsync(folder.Write("token: \"two\\nb3b1da\""));
        foreach (
            var fails in new[]
            {
                await CatchAsync(cluster, node),
                await FailsAsync(() => cluster.ListPodsAsync([node], default)),
                await FailsAsync(WatchAsync),
            }
        )
        {
            Assert.That(fails!.IsTransient, Is.True);
            Assert.That(fails.Message, Does.Contain(server.Url.Authority).And.Not.Contain("b3b1da"));
        }
        Replace("config", () => Embedded(folder.Identity("bebida", Masters)));
        await WorksAsync(cluster, node);

        async Task WatchAsync()
        {
            await foreach (var _ in cluster.WatchPodsAsync([node], "1", default))
            {
                // Nothing comes.
            }
        }
    }

    [Test]
    public async Task Whoever_watches_after_the_end_is_told_so()
    {
        var node = await NewNodeAsync();
        var cluster = KubernetesCluster.Connect(
            Configuration(Embedded(folder.Identity("bebida", Masters))),
            allowExec: false,
            TimeProvider.System,
            Log
        );
        await cluster.DisposeAsync();
        await CatchAsync<ObjectDisposedException>(() => Task.Run(WatchAsync).WaitAsync(Lab.Eventually.Patience));

        async Task WatchAsync()
        {
            await foreach (var _ in cluster.WatchPodsAsync([node], "1", default))
            {
                // Nothing comes.
            }
        }
    }

    private async Task<(KubernetesCluster Cluster, Cluster.ClusterNode Node)> ConnectAsync(string kubeconfig) =>
        (Connect(Configuration(kubeconfig)), await NewNodeAsync());

    private string Embedded((string Certificate, string Key) identity) =>
        folder.Write(
            $"client-certificate-data: {KubeconfigFolder.Base64(identity.Certificate)}\nclient-key-data: {KubeconfigFolder.Base64(identity.Key)}"
        );

    private void Write(string name, (string Certificate, string Key) identity)
    {
        folder.Add($"{name}.crt", identity.Certificate);
        folder.Add($"{name}.key", identity.Key);
    }

    // As tools do it: written beside, then moved over.
    private static void Replace(string name, Func<string> write)
    {
        var path = write();
        var target = Path.Combine(Path.GetDirectoryName(path)!, name);
        if (path != target)
            File.Move(path, target, overwrite: true);
    }

    // Of a link to a folder, .NET only moves the folder.
    [DllImport("libc", CharSet = CharSet.Ansi)]
    private static extern int rename(string from, string to);

    private static async Task IsPowerlessAsync(KubernetesCluster cluster, Cluster.ClusterNode node) =>
        Assert.That(
            (await FailsAsync(() => cluster.HoldAsync(node, Hold(1), Since, default))).Fault,
            Is.EqualTo(Cluster.ClusterFault.Forbidden)
        );

    private static async Task<Cluster.ClusterException?> CatchAsync(KubernetesCluster cluster, Cluster.ClusterNode node)
    {
        try
        {
            await cluster.HoldAsync(node, Hold(1), Since, default);
            return null;
        }
        catch (Cluster.ClusterException e)
        {
            return e;
        }
    }

    private static Task WorksAsync(KubernetesCluster cluster, Cluster.ClusterNode node) =>
        Eventually("the new credentials are used", async () => await CatchAsync(cluster, node) is null);
}
