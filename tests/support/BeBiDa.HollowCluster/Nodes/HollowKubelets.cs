using BeBiDa.Hollow.Api;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Nodes;

/// <summary>Hollow kubelets of many nodes over one client and one watch on the pods.</summary>
public sealed class HollowKubelets : IAsyncDisposable
{
    private readonly Dictionary<string, HollowKubelet> _kubelets = [];
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

        if (Processes is not null)
        {
            await _pods.Synced.WaitAsync(cancellationToken);
            await EndOthersAsync(TimeSpan.Zero, cancellationToken);
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

    /// <summary>Ends the processes of pods that are gone.</summary>
    internal Task EndOthersAsync(TimeSpan grace, CancellationToken cancellationToken) =>
        Processes?.EndOthersAsync(_pods.Objects.Select(pod => pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal), grace, cancellationToken)
        ?? Task.CompletedTask;

    internal void Wake(HollowKubelet kubelet)
    {
        foreach (var pod in _podsByNode[kubelet.Name])
            _podWork.Add(Informer<V1Pod>.KeyOf(pod));
        // A thousand nodes that started together should not go on renewing together.
        _beats.AddAfter(kubelet.Name, Options.LeaseRenewal * Random.Shared.NextDouble());
    }

    internal void WakeAfter(Task task, V1Pod pod) =>
        _ = task.ContinueWith(_ => _podWork.Add(Informer<V1Pod>.KeyOf(pod)), TaskScheduler.Default);

    private Task<TimeSpan?> SyncPodAsync(string key, CancellationToken cancellationToken) =>
        _pods.Find(key) is { Spec.NodeName: { } node } pod && _kubelets.TryGetValue(node, out var kubelet)
            ? kubelet.SyncAsync(pod, cancellationToken)
            : Task.FromResult<TimeSpan?>(null);

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
