using System.Net;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

/// <summary>A hollow cluster of three nodes and a namespace, new for each test, on the API server of the fixture.</summary>
public abstract class ClusterTest(ApiServerKind kind)
{
    private static int s_tests;

    private Kubernetes _client = null!;

    protected IApiServer Server { get; private set; } = null!;

    protected ApiClient Api { get; private set; } = null!;

    protected HollowCluster Cluster { get; private set; } = null!;

    protected string Namespace { get; private set; } = "";

    protected IReadOnlyList<string> Nodes { get; private set; } = [];

    protected HollowClusterOptions Options { get; private set; } = new();

    [SetUp]
    public async Task StartClusterAsync()
    {
        var number = Interlocked.Increment(ref s_tests);
        Namespace = $"hollow-{Environment.ProcessId}-{number}";
        Nodes = [$"a{number}", $"b{number}", $"c{number}"];
        Options = new HollowClusterOptions
        {
            Kubelet = new KubeletOptions { LeaseRenewal = TimeSpan.FromMilliseconds(500) },
            NodeMonitorGrace = TimeSpan.FromSeconds(4),
        }.WithNodes(Nodes);
        Server = await Servers.StartedAsync(kind);
        _client = ApiClient.FromKubeconfig(Server.AdminKubeconfig);
        Api = new ApiClient(_client);
        await CreateAsync(
            Resources.Namespaces,
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new V1ObjectMeta { Name = Namespace },
            }
        );
        Cluster = await HollowCluster.StartAsync(Server.AdminKubeconfig, Options);
        await Wait.UntilAsync("pods may be created", () => FindAsync(Resources.ServiceAccounts, "default"), account => account is not null);
        foreach (var node in Nodes)
            await Wait.UntilAsync($"{node} has no taints", () => NodeAsync(node), seen => seen.Spec.Taints is null or { Count: 0 });
    }

    [TearDown]
    public async Task StopClusterAsync()
    {
        foreach (var deployment in await ListAsync(Resources.Deployments))
            await Api.DeleteAsync(Resources.Deployments.Of(deployment), new V1DeleteOptions(), default);
        foreach (var set in await ListAsync(Resources.DaemonSets))
            await Api.DeleteAsync(Resources.DaemonSets.Of(set), new V1DeleteOptions(), default);
        await Cluster.DisposeAsync();
        foreach (var set in await ListAsync(Resources.ReplicaSets))
            await Api.DeleteAsync(Resources.ReplicaSets.Of(set), new V1DeleteOptions(), default);
        foreach (var pod in await ListAsync(Resources.Pods))
            await Api.DeleteAsync(Resources.Pods.Of(pod), new V1DeleteOptions { GracePeriodSeconds = 0 }, default);
        foreach (var node in Nodes)
            await Api.DeleteAsync(Resources.Nodes.At(null, node), new V1DeleteOptions(), default);
        _client.Dispose();
    }

    protected Task<T> CreateAsync<T>(Resource<T> resource, T obj)
        where T : class, IKubernetesObject<V1ObjectMeta> => Api.CreateAsync(resource.In(Namespace), obj, default);

    protected async Task<T?> FindAsync<T>(Resource<T> resource, string name)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await Api.GetAsync<T>(resource.At(Namespace, name), default);
        }
        catch (ApiException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    protected async Task<IReadOnlyList<T>> ListAsync<T>(Resource<T> resource)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var list = await Api.GetAsync<System.Text.Json.JsonElement>(resource.In(Namespace), default);
        return [.. list.GetProperty("items").EnumerateArray().Select(item => KubernetesJson.Deserialize<T>(item))];
    }

    protected Task<V1Pod?> PodAsync(string name) => FindAsync(Resources.Pods, name);

    protected Task<V1Node> NodeAsync(string name) => Api.GetAsync<V1Node>(Resources.Nodes.At(null, name), default);

    protected Task CordonAsync(string node, bool cordoned = true) =>
        Api.MergeAsync<V1Node>(Resources.Nodes.At(null, node), new { spec = new { unschedulable = cordoned } }, default);

    protected async Task<V1Pod> RunPodAsync(V1Pod pod)
    {
        await CreateAsync(Resources.Pods, pod);
        return (await Wait.UntilAsync($"{pod.Metadata.Name} runs", () => PodAsync(pod.Metadata.Name), IsReady))!;
    }

    protected Task DeletePodAsync(string name, int? grace = null) =>
        Api.DeleteAsync(Resources.Pods.At(Namespace, name), new V1DeleteOptions { GracePeriodSeconds = grace }, default);

    protected Task GoneAsync(string pod) => Wait.UntilAsync($"{pod} is gone", () => PodAsync(pod), seen => seen is null);

    /// <summary>The pods of an app once there are so many, all of them ready and none leaving.</summary>
    protected Task<IReadOnlyList<V1Pod>> AppRunsAsync(string app, int replicas) =>
        Wait.UntilAsync(
            $"{replicas} pods of {app} run",
            async () => (IReadOnlyList<V1Pod>)[.. (await ListAsync(Resources.Pods)).Where(pod => pod.Metadata.Labels?["app"] == app)],
            pods => pods.Count == replicas && pods.All(pod => IsReady(pod) && pod.Metadata.DeletionTimestamp is null)
        );

    protected async Task EvictAsync(string pod) =>
        await Api.CreateAsync<object>(
            Resources.Pods.At(Namespace, pod, "eviction"),
            new V1Eviction
            {
                ApiVersion = "policy/v1",
                Kind = "Eviction",
                Metadata = new V1ObjectMeta { Name = pod, NamespaceProperty = Namespace },
            },
            default
        );

    protected static bool IsReady(V1Pod? pod) =>
        pod?.Status?.Phase == "Running" && pod.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });

    protected static string? ReadyStatus(V1Node node) =>
        node.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status;
}
