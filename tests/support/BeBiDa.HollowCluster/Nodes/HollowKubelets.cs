using System.Collections.Concurrent;
using BeBiDa.Hollow.Api;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Nodes;

/// <summary>Hollow kubelets of many nodes over one client and one watch on the pods.</summary>
public sealed class HollowKubelets : IAsyncDisposable
{
    private readonly Dictionary<string, HollowKubelet> _kubelets = [];
    private readonly ConcurrentDictionary<string, (HollowKubelet Kubelet, V1Pod Pod)> _staticPods = new();
    private readonly Informer<V1Pod> _pods;
    private readonly Index<V1Pod> _podsByNode;
    private readonly WorkQueue _podWork;
    private readonly WorkQueue _beats;
    private readonly bool _ownsInformers;

    /// <summary>Kubelets that bring their own watches; a single one watches its own node and pods only.</summary>
    public HollowKubelets(
        Kubernetes kubernetes,
        IReadOnlyCollection<HollowNode> nodes,
        KubeletOptions options,
        ILogger log,
        IPodProcesses? processes = null
    )
        : this(new ApiClient(kubernetes), nodes, options, log, processes, null, null) { }

    internal HollowKubelets(
        ApiClient api,
        IReadOnlyCollection<HollowNode> nodes,
        KubeletOptions options,
        ILogger log,
        IPodProcesses? processes,
        Informer<V1Pod>? pods,
        Informer<V1Node>? nodeInformer
    )
    {
        (Api, Options, Log, Processes) = (api, options, log, processes);
        foreach (var node in nodes)
            _kubelets.Add(node.Name, new HollowKubelet(this, node, _kubelets.Count));

        var single = nodes.Count == 1 ? nodes.First().Name : null;
        _ownsInformers = pods is null;
        _pods = pods ?? new Informer<V1Pod>(api, Resources.Pods, log, single is null ? "spec.nodeName!=" : $"spec.nodeName={single}");
        Nodes = nodeInformer ?? new Informer<V1Node>(api, Resources.Nodes, log, single is null ? null : $"metadata.name={single}");
        _podsByNode = new Index<V1Pod>(_pods, pod => pod.Spec.NodeName);
        _podWork = new WorkQueue("kubelet", SyncPodAsync, log);
        _beats = new WorkQueue("kubelet heartbeat", (node, stop) => _kubelets[node].BeatAsync(stop), log);
        _pods.Changed += OnPodChanged;
        Nodes.Changed += OnNodeChanged;
    }

    public IReadOnlyCollection<HollowKubelet> All => _kubelets.Values;

    public HollowKubelet this[string node] => _kubelets[node];

    internal ApiClient Api { get; }

    internal KubeletOptions Options { get; }

    internal ILogger Log { get; }

    internal IPodProcesses? Processes { get; }

    internal Informer<V1Node> Nodes { get; }

    /// <summary>Starts all kubelets; completes when their nodes are registered and Ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_ownsInformers)
        {
            _pods.Start();
            Nodes.Start();
        }

        _podWork.Start(Options.Workers);
        _beats.Start(Options.Workers);
        await Parallel.ForEachAsync(
            _kubelets.Values,
            new ParallelOptions { MaxDegreeOfParallelism = Options.Workers, CancellationToken = cancellationToken },
            async (kubelet, stop) => await kubelet.StartAsync(stop)
        );
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var kubelet in _kubelets.Values)
            kubelet.Stop();
        await _podWork.DisposeAsync();
        await _beats.DisposeAsync();
        if (_ownsInformers)
        {
            await _pods.DisposeAsync();
            await Nodes.DisposeAsync();
        }
    }

    internal void Wake(HollowKubelet kubelet)
    {
        foreach (var pod in _podsByNode[kubelet.Name])
            _podWork.Add(Informer<V1Pod>.KeyOf(pod));
        // A thousand nodes that started together should not go on renewing together.
        _beats.AddAfter(kubelet.Name, Options.LeaseRenewal * Random.Shared.NextDouble());
    }

    internal void WakeAfter(Task task, V1Pod pod) =>
        _ = task.ContinueWith(_ => _podWork.Add(Informer<V1Pod>.KeyOf(pod)), TaskScheduler.Default);

    internal async Task RunStaticPodAsync(HollowKubelet kubelet, V1Pod pod, CancellationToken cancellationToken)
    {
        var uid = kubelet.Uid ?? throw new InvalidOperationException($"{kubelet.Name} is not registered");
        var mirror = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = $"{pod.Metadata.Name}-{kubelet.Name}",
                NamespaceProperty = pod.Metadata.NamespaceProperty ?? "default",
                Labels = pod.Metadata.Labels,
                Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>())
                {
                    [PodAnnotations.Mirror] = pod.Metadata.Name,
                    ["kubernetes.io/config.hash"] = pod.Metadata.Name,
                    ["kubernetes.io/config.source"] = "file",
                },
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1",
                        Kind = "Node",
                        Name = kubelet.Name,
                        Uid = uid,
                        Controller = true,
                    },
                ],
            },
            Spec = pod.Spec with
            {
                NodeName = kubelet.Name,
                Tolerations = [new V1Toleration { OperatorProperty = "Exists", Effect = "NoExecute" }],
            },
        };
        var key = Informer<V1Pod>.KeyOf(mirror);
        _staticPods[key] = (kubelet, mirror);
        await CreateMirrorAsync(mirror, cancellationToken);
    }

    private async Task CreateMirrorAsync(V1Pod mirror, CancellationToken cancellationToken)
    {
        try
        {
            await Api.CreateAsync(Resources.Pods.In(mirror.Metadata.NamespaceProperty), mirror, cancellationToken);
        }
        catch (ApiException e) when (e.IsConflict) { }
    }

    private async Task<TimeSpan?> SyncPodAsync(string key, CancellationToken cancellationToken)
    {
        if (_pods.Find(key) is { } pod)
        {
            return pod.Spec.NodeName is { } node && _kubelets.TryGetValue(node, out var kubelet)
                ? await kubelet.SyncAsync(pod, cancellationToken)
                : null;
        }

        if (_staticPods.TryGetValue(key, out var known) && known.Kubelet.IsRunning)
            await CreateMirrorAsync(known.Pod, cancellationToken);
        return null;
    }

    private void OnPodChanged(V1Pod? before, V1Pod? after)
    {
        var pod = after ?? before!;
        if (pod.Spec.NodeName is not { } node || !_kubelets.TryGetValue(node, out var kubelet))
            return;
        if (after is null)
            kubelet.Forget(pod);
        _podWork.Add(Informer<V1Pod>.KeyOf(pod));
    }

    private void OnNodeChanged(V1Node? before, V1Node? after)
    {
        // Somebody doubts a node whose kubelet lives: answer at once, not at the next heartbeat.
        if (
            after is not null
            && !NodeObject.IsReady(after)
            && _kubelets.TryGetValue(after.Metadata.Name, out var kubelet)
            && kubelet.IsRunning
        )
            _beats.Add(kubelet.Name);
    }
}
