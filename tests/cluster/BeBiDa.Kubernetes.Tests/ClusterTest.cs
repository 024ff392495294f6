using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;
using BeBiDa.Lab;
using BeBiDa.Site;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Tests of the cluster against an API server, with nodes and a namespace of each test's own.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class ClusterTest(ApiServerKind kind)
{
    private static int names;

    private readonly List<Func<ValueTask>> ends = [];

    protected static DateTimeOffset Since { get; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    protected IApiServer Server { get; private set; } = null!;

    protected ApiClient Admin { get; private set; } = null!;

    protected Kubectl Kubectl { get; private set; } = null!;

    protected string Space { get; private set; } = "";

    protected RecordingLog Log { get; } = new();

    [SetUp]
    public async Task ConnectAsync()
    {
        Server = await StartAsync(kind);
        var client = ApiClient.FromKubeconfig(Server.AdminKubeconfig);
        ends.Add(() =>
        {
            client.Dispose();
            return ValueTask.CompletedTask;
        });
        Admin = new ApiClient(client);
        Kubectl = new Kubectl(Server.AdminKubeconfig);
        Space = Unique("space");
        await Admin.CreateAsync(
            Resources.Namespaces.In(null),
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new V1ObjectMeta { Name = Space },
            },
            default
        );
    }

    [TearDown]
    public async Task DisconnectAsync()
    {
        foreach (var end in Enumerable.Reverse(ends))
            await end();
    }

    /// <summary>The server of a test; fixtures that make it fail have one of their own.</summary>
    protected virtual Task<IApiServer> StartAsync(ApiServerKind kind) => Servers.GetAsync(kind);

    protected static string Unique(string prefix) => $"{prefix}-{Interlocked.Increment(ref names)}-{Guid.NewGuid().ToString()[..6]}";

    protected T Ends<T>(T disposable)
        where T : IAsyncDisposable
    {
        ends.Add(disposable.DisposeAsync);
        return disposable;
    }

    /// <summary>A configuration for a kubeconfig, an admin's by default, quick enough for tests.</summary>
    protected BebidaConfiguration Configuration(string? kubeconfig = null) =>
        new()
        {
            Kubernetes = new KubernetesConfiguration { Kubeconfig = kubeconfig ?? Server.AdminKubeconfig },
            Eviction = new EvictionConfiguration { GracePeriod = TimeSpan.FromSeconds(1), Deadline = TimeSpan.FromSeconds(15) },
        };

    /// <summary>A kubeconfig for an identity of this test's own, with the rights of packaged manifests.</summary>
    protected async Task<string> IdentityAsync(string[] manifests, string without = "nothing")
    {
        var user = Unique("user");
        foreach (var manifest in manifests)
        {
            var file = Path.GetTempFileName();
            var text = await File.ReadAllTextAsync(Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", manifest));
            await File.WriteAllTextAsync(
                file,
                text.Replace($"resources: [{without}]", "resources: [none]", StringComparison.Ordinal)
                    .Replace("    name: bebida\n", $"    name: {user}\n", StringComparison.Ordinal)
                    .Replace("  name: bebida", $"  name: {user}", StringComparison.Ordinal)
            );
            await Kubectl.RunAsync("apply", "-f", file);
            File.Delete(file);
        }
        return Server.WriteKubeconfig(user);
    }

    protected KubernetesCluster Connect(BebidaConfiguration? configuration = null) =>
        Ends(KubernetesCluster.Connect(configuration ?? Configuration(), allowExec: false, TimeProvider.System, Log));

    protected HandOvers HandOvers(ICluster cluster, BebidaConfiguration? configuration = null) =>
        Ends(new HandOvers(cluster, configuration ?? Configuration(), TimeProvider.System, Log));

    protected static Job Job(uint id, params IEnumerable<string> nodes) => new("lab", id, "", "", "", [.. nodes]);

    protected static HoldKey Hold(uint id) => new("lab", id);

    protected async Task<ClusterNode> NewNodeAsync(string? name = null, Dictionary<string, string>? labels = null)
    {
        var node = await Admin.CreateAsync(
            Resources.Nodes.In(null),
            new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new V1ObjectMeta { Name = name ?? Unique("node"), Labels = labels },
            },
            default
        );
        return new ClusterNode(node.Metadata.Name, node.Metadata.Uid);
    }

    protected Task DeleteNodeAsync(string name) => Admin.DeleteAsync(Resources.Nodes.At(null, name), new V1DeleteOptions(), default);

    protected Task<V1Node> ReadAsync(ClusterNode node) => Admin.GetAsync<V1Node>(Resources.Nodes.At(null, node.Name), default);

    protected Task<V1Node> ReadNodeAsync(string name) => Admin.GetAsync<V1Node>(Resources.Nodes.At(null, name), default);

    /// <summary>Nodes with hollow kubelets, which end the pods that are told to.</summary>
    protected async Task<IReadOnlyList<string>> RunNodesAsync(int count)
    {
        var nodes = Enumerable.Range(0, count).Select(_ => Unique("node")).ToList();
        Ends(
            await HollowCluster.StartAsync(
                Server.AdminKubeconfig,
                new HollowClusterOptions
                {
                    ControlPlane = false,
                    Kubelet = new KubeletOptions { Termination = TimeSpan.FromMilliseconds(50) },
                }.WithNodes(nodes)
            )
        );
        return nodes;
    }

    protected static V1Pod PodOn(string node, string name) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = new Dictionary<string, string> { ["app"] = name },
            },
            Spec = new V1PodSpec { NodeName = node, Containers = [new V1Container { Name = "main", Image = "hollow" }] },
        };

    protected Task<V1Pod> CreateAsync(V1Pod pod) => Admin.CreateAsync(Resources.Pods.In(Space), pod, default);

    protected async Task<V1Pod> RunPodAsync(V1Pod pod)
    {
        await CreateAsync(pod);
        V1Pod? seen = null;
        await Eventually($"{pod.Metadata.Name} runs", async () => (seen = await PodAsync(pod.Metadata.Name))?.Status?.Phase == "Running");
        return seen!;
    }

    protected async Task ProtectAsync(string budget, string app) =>
        await Admin.CreateAsync(
            Resources.Budgets.In(Space),
            new V1PodDisruptionBudget
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Metadata = new V1ObjectMeta { Name = budget },
                Spec = new V1PodDisruptionBudgetSpec
                {
                    MinAvailable = 1,
                    Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = app } },
                },
            },
            default
        );

    protected async Task SetStatusAsync(string pod, string phase) =>
        await Admin.MergeAsync<V1Pod>(
            Resources.Pods.At(Space, pod, "status"),
            new { status = new { phase, conditions = new[] { new { type = "Ready", status = phase == "Running" ? "True" : "False" } } } },
            default
        );

    protected async Task<V1Pod?> PodAsync(string name)
    {
        try
        {
            return await Admin.GetAsync<V1Pod>(Resources.Pods.At(Space, name), default);
        }
        catch (ApiException e) when (e.Code == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    protected async Task<IReadOnlyList<string>> PodNamesAsync(string node) =>
        [
            .. (await Admin.GetAsync<V1PodList>(Resources.Pods.In(Space), default))
                .Items.Where(p => p.Spec.NodeName == node)
                .Select(p => p.Metadata.Name)
                .Order(StringComparer.Ordinal),
        ];

    protected async Task<(bool Unschedulable, string Holds, string? Owner)> StateAsync(string node)
    {
        var now = await ReadNodeAsync(node);
        var holds = BeBiDa.Holds.Hold.Read(now.Metadata.Annotations?.ToDictionary());
        return (
            now.Spec?.Unschedulable == true,
            string.Join(' ', holds.Select(h => h.Key)),
            now.Metadata.Labels?.TryGetValue(WellKnownNames.OwnerLabel, out var owner) == true ? owner : null
        );
    }

    protected static async Task Eventually(string what, Func<Task<bool>> condition) =>
        await Lab.Eventually.HoldsAsync(what, Lab.Eventually.Patience, _ => condition());

    protected static Task<ClusterException> FailsAsync(Func<Task> work) => CatchAsync<ClusterException>(work);

    protected static async Task<T> CatchAsync<T>(Func<Task> work)
        where T : Exception
    {
        try
        {
            await work();
        }
        catch (T e)
        {
            return e;
        }
        throw new AssertionException($"no {typeof(T).Name}");
    }
}
