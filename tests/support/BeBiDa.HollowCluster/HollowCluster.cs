using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Controllers;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Hollow.Scheduling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeBiDa.Hollow;

/// <summary>All that makes a bare API server a cluster: kubelets, a scheduler and controllers, over one client.</summary>
public sealed class HollowCluster : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly Kubernetes? _ownClient;
    private readonly Action _startWatches;
    private readonly Task _synced;
    private readonly Action _startControlPlane;
    private bool _stopped;

    private HollowCluster(Kubernetes client, bool ownsClient, HollowClusterOptions options, ILogger log)
    {
        _ownClient = ownsClient ? client : null;
        var api = new ApiClient(client);
        var pods = Watch(Resources.Pods);
        var nodes = Watch(Resources.Nodes);
        Kubelets = Part(new HollowKubelets(api, options.Nodes, options.Kubelet, log, null, pods, nodes));
        if (!options.ControlPlane)
        {
            _startWatches = () =>
            {
                pods.Start();
                nodes.Start();
            };
            _startControlPlane = () => { };
            _synced = Task.WhenAll(pods.Synced, nodes.Synced);
            return;
        }

        var leases = Watch(Resources.Leases);
        var namespaces = Watch(Resources.Namespaces);
        var replicaSets = Watch(Resources.ReplicaSets);
        var deployments = Watch(Resources.Deployments);
        var daemonSets = Watch(Resources.DaemonSets);
        var budgets = Watch(Resources.Budgets);
        var scheduler = Part(new HollowScheduler(api, pods, nodes, log));
        var accounts = Part(new ServiceAccounts(api, namespaces, log));
        var lifecycle = Part(new NodeLifecycle(api, nodes, leases, pods, options.NodeMonitorGrace, log));
        var replicas = Part(new ReplicaSetController(api, replicaSets, pods, log));
        var rollouts = Part(new DeploymentController(api, deployments, replicaSets, log));
        var daemons = Part(new DaemonSetController(api, daemonSets, nodes, pods, log));
        var disruption = Part(new DisruptionController(api, budgets, pods, log));
        var garbage = Part(new GarbageCollector(api, deployments, replicaSets, daemonSets, pods, nodes, log));

        _startWatches = () =>
        {
            pods.Start();
            nodes.Start();
            leases.Start();
            namespaces.Start();
            replicaSets.Start();
            deployments.Start();
            daemonSets.Start();
            budgets.Start();
        };
        _synced = Task.WhenAll(
            pods.Synced,
            nodes.Synced,
            leases.Synced,
            namespaces.Synced,
            replicaSets.Synced,
            deployments.Synced,
            daemonSets.Synced,
            budgets.Synced
        );
        _startControlPlane = () =>
        {
            scheduler.Start();
            accounts.Start();
            lifecycle.Start();
            replicas.Start();
            rollouts.Start();
            daemons.Start();
            disruption.Start();
            garbage.Start();
        };

        Informer<T> Watch<T>(Resource<T> resource)
            where T : class, IKubernetesObject<V1ObjectMeta> => Part(new Informer<T>(api, resource, log));
    }

    /// <summary>The kubelets, to stop and start one by one.</summary>
    public HollowKubelets Kubelets { get; }

    /// <summary>Starts a cluster against the API server of a kubeconfig; completes when all nodes are Ready.</summary>
    public static Task<HollowCluster> StartAsync(
        string kubeconfig,
        HollowClusterOptions options,
        ILogger? log = null,
        CancellationToken cancellationToken = default
    ) => StartAsync(new HollowCluster(ApiClient.FromKubeconfig(kubeconfig), true, options, log ?? NullLogger.Instance), cancellationToken);

    /// <summary>Starts a cluster over a client that stays the caller's.</summary>
    public static Task<HollowCluster> StartAsync(
        Kubernetes client,
        HollowClusterOptions options,
        ILogger? log = null,
        CancellationToken cancellationToken = default
    ) => StartAsync(new HollowCluster(client, false, options, log ?? NullLogger.Instance), cancellationToken);

    /// <summary>Stops all parts; what is in the API stays as it is.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        _ownClient?.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private static async Task<HollowCluster> StartAsync(HollowCluster cluster, CancellationToken cancellationToken)
    {
        try
        {
            cluster._startWatches();
            // Controllers that act on half a view create what is there already.
            await cluster._synced.WaitAsync(cancellationToken);
            cluster._startControlPlane();
            await cluster.Kubelets.StartAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.StopAsync();
            throw;
        }
    }

    private T Part<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }
}
