using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Kubernetes;
using BeBiDa.Lab;

namespace BeBiDa.Tests;

/// <summary>
/// packaging/kubernetes/flow-control.yaml. Only a real API server has flow control: the embedded one answers without it, as a
/// server does that runs with --enable-priority-and-fairness=false.
/// </summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.RealOnly))]
public sealed class FlowControlSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private static readonly string Manifests = Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes");

    // The manifest is for one user of the whole server.
    protected override async Task<IApiServer> StartAsync(ApiServerKind kind) => Ends(await TestServers.StartAsync(kind));

    [SetUp]
    public async Task InstallAsync()
    {
        await Kubectl.RunAsync("apply", "-f", Path.Combine(Manifests, "rbac.yaml"));
        await Kubectl.RunAsync("apply", "-f", Path.Combine(Manifests, "flow-control.yaml"));
    }

    [Test]
    public async Task Holds_and_evictions_each_have_a_priority_level_of_their_own()
    {
        var node = await NewNodeAsync();
        using var connections = Connections();
        await Eventually(
            "the server knows the levels",
            async () => await LevelAsync(connections, HttpMethod.Get, "api/v1/pods?limit=1") == await UidAsync("bebida-pods")
        );
        Assert.Multiple(async () =>
        {
            Assert.That(
                await LevelAsync(connections, HttpMethod.Patch, $"api/v1/nodes/{node.Name}"),
                Is.EqualTo(await UidAsync("bebida-holds"))
            );
            Assert.That(
                await LevelAsync(connections, HttpMethod.Post, $"api/v1/namespaces/{Space}/pods/p/eviction"),
                Is.EqualTo(await UidAsync("bebida-pods"))
            );
            Assert.That(await LevelAsync(connections, HttpMethod.Get, "version"), Is.EqualTo(await UidAsync("global-default")));
        });
    }

    [Test]
    public async Task A_webhook_that_hangs_with_all_evictions_delays_no_hold()
    {
        var node = await NewNodeAsync();
        await using var webhook = await EvictionWebhook.StartAsync(Server, Kubectl, Space, "hangs", timeoutSeconds: 30);
        using var connections = Connections();
        using var end = new CancellationTokenSource();
        var evictions = new List<Task>();
        await Eventually(
            "evictions wait for a seat",
            async () =>
            {
                for (var i = 0; i < 20; i++)
                    evictions.Add(EvictAsync(connections, end.Token));
                return await WaitingAsync() > 0;
            }
        );
        await Connect(Configuration(Server.WriteKubeconfig("bebida"))).HoldAsync(node, Hold(1), Since, default);
        Assert.That(await WaitingAsync(), Is.GreaterThan(0));
        await end.CancelAsync();
        await Task.WhenAll(evictions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private ConnectionSource Connections() =>
        new(Server.WriteKubeconfig("bebida"), "", false, TimeSpan.FromSeconds(10), TimeProvider.System, Log);

    private async Task EvictAsync(ConnectionSource connections, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(
            connections,
            HttpMethod.Post,
            $"api/v1/namespaces/{Space}/pods/p/eviction",
            $$$"""{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p", "namespace": "{{{Space}}}"}}""",
            cancellationToken
        );
    }

    // Evictions that the server has queued.
    private async Task<double> WaitingAsync() =>
        (await Kubectl.RunAsync("get", "--raw", "/metrics"))
            .Split('\n')
            .Where(line =>
                line.StartsWith("apiserver_flowcontrol_current_inqueue_requests{", StringComparison.Ordinal)
                && line.Contains("priority_level=\"bebida-pods\"", StringComparison.Ordinal)
            )
            .Sum(line => double.Parse(line.Split(' ')[^1], null));

    private Task<string> UidAsync(string level) =>
        Kubectl.RunAsync("get", "prioritylevelconfiguration", level, "-o", "jsonpath={.metadata.uid}");

    private static async Task<string> LevelAsync(ConnectionSource connections, HttpMethod method, string path)
    {
        using var answer = await SendAsync(connections, method, path, "{}", default);
        return answer.Headers.GetValues("X-Kubernetes-PF-PriorityLevel-UID").Single();
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ConnectionSource connections,
        HttpMethod method,
        string path,
        string body,
        CancellationToken cancellationToken
    )
    {
        var connection = connections.Use();
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(connection.Address, path));
            if (method != HttpMethod.Get)
                request.Content = new StringContent(
                    body,
                    new System.Net.Http.Headers.MediaTypeHeaderValue(
                        method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json"
                    )
                );
            return await connection.SendAsync(request, cancellationToken);
        }
        finally
        {
            connection.Release();
        }
    }
}
