using BeBiDa.Hollow.Api;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// Deletes what belongs to owners that are gone, finishes the foreground deletion of owners, and removes
/// pods of nodes that are gone (https://kubernetes.io/docs/concepts/architecture/garbage-collection/).
/// </summary>
public sealed class GarbageCollector : IAsyncDisposable
{
    private const string Foreground = "foregroundDeletion";

    private readonly ApiClient _api;
    private readonly Dictionary<string, IKind> _kinds;
    private readonly WorkQueue _work;

    internal GarbageCollector(
        ApiClient api,
        Informer<V1Deployment> deployments,
        Informer<V1ReplicaSet> replicaSets,
        Informer<V1DaemonSet> daemonSets,
        Informer<V1Pod> pods,
        Informer<V1Node> nodes,
        ILogger log
    )
    {
        _api = api;
        _work = new WorkQueue("garbage collector", SyncAsync, log);
        _kinds = new IKind[]
        {
            new Kind<V1Deployment>("Deployment", Resources.Deployments, deployments, this),
            new Kind<V1ReplicaSet>("ReplicaSet", Resources.ReplicaSets, replicaSets, this),
            new Kind<V1DaemonSet>("DaemonSet", Resources.DaemonSets, daemonSets, this),
            new Kind<V1Pod>("Pod", Resources.Pods, pods, this),
            new Kind<V1Node>("Node", Resources.Nodes, nodes, this),
        }.ToDictionary(kind => kind.Name);

        var podsByNode = new Index<V1Pod>(pods, pod => pod.Spec.NodeName);
        nodes.Changed += (before, after) =>
        {
            if (after is not null)
                return;
            foreach (var pod in podsByNode[before!.Metadata.Name])
                Wake("Pod", Informer<V1Pod>.KeyOf(pod));
        };
    }

    private interface IKind
    {
        string Name { get; }

        IKubernetesObject<V1ObjectMeta>? Find(string key);

        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> OwnedBy(string uid);

        string PathOf(string? ns, string name);
    }

    public void Start() => _work.Start(8);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private void Wake(string kind, string key) => _work.Add($"{kind} {key}");

    private async Task<TimeSpan?> SyncAsync(string work, CancellationToken cancellationToken)
    {
        var parts = work.Split(' ', 2);
        var kind = _kinds[parts[0]];
        if (kind.Find(parts[1]) is not { } obj)
            return null;
        if (obj.Metadata.DeletionTimestamp is not null)
            return await FinishAsync(kind, obj, cancellationToken);
        if (await IsAbandonedAsync(obj, cancellationToken) || await IsOfLostNodeAsync(obj, cancellationToken))
            await DeleteAsync(
                kind,
                obj,
                obj is V1Pod { Spec.NodeName: not null } pod && NodeIsUnknown(pod) ? 0 : null,
                "Background",
                cancellationToken
            );
        return null;
    }

    private async Task<TimeSpan?> FinishAsync(IKind kind, IKubernetesObject<V1ObjectMeta> owner, CancellationToken cancellationToken)
    {
        if (owner is V1Pod pod && await IsOfLostNodeAsync(pod, cancellationToken))
            await DeleteAsync(kind, pod, 0, "Background", cancellationToken);

        var finalizers = owner.Metadata.Finalizers ?? [];
        if (!finalizers.Contains(Foreground))
            return null;
        var dependents = _kinds.Values.SelectMany(of => of.OwnedBy(owner.Metadata.Uid).Select(obj => (Kind: of, Object: obj))).ToList();
        if (dependents.Count > 0)
        {
            foreach (var (of, obj) in dependents.Where(entry => entry.Object.Metadata.DeletionTimestamp is null))
                await DeleteAsync(of, obj, null, of.Name == "Pod" ? "Background" : "Foreground", cancellationToken);
            // The watch tells when the last one goes.
            return null;
        }

        await _api.MergeAsync<object>(
            kind.PathOf(owner.Metadata.NamespaceProperty, owner.Metadata.Name),
            new
            {
                metadata = new
                {
                    resourceVersion = owner.Metadata.ResourceVersion,
                    finalizers = finalizers.Where(finalizer => finalizer != Foreground).ToArray(),
                },
            },
            cancellationToken
        );
        return null;
    }

    private async Task<bool> IsAbandonedAsync(IKubernetesObject<V1ObjectMeta> obj, CancellationToken cancellationToken)
    {
        var owners = obj.Metadata.OwnerReferences;
        if (owners is null or { Count: 0 })
            return false;
        foreach (var owner in owners)
        {
            if (!_kinds.TryGetValue(owner.Kind, out var kind))
                return false;
            var ns = owner.Kind == "Node" ? null : obj.Metadata.NamespaceProperty;
            if (
                kind.Find(Informer<V1Pod>.KeyOf(ns, owner.Name))?.Metadata.Uid == owner.Uid
                || await UidOfAsync(kind, ns, owner.Name, cancellationToken) == owner.Uid
            )
                return false;
        }

        return true;
    }

    private async Task<bool> IsOfLostNodeAsync(IKubernetesObject<V1ObjectMeta> obj, CancellationToken cancellationToken) =>
        obj is V1Pod { Spec.NodeName: { Length: > 0 } node } pod
        && NodeIsUnknown(pod)
        && await UidOfAsync(_kinds["Node"], null, node, cancellationToken) is null;

    private bool NodeIsUnknown(V1Pod pod) => _kinds["Node"].Find(pod.Spec.NodeName) is null;

    // The watches of two kinds run apart: an owner that is not in ours yet may well exist.
    private async Task<string?> UidOfAsync(IKind kind, string? ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await _api.GetAsync<Head>(kind.PathOf(ns, name), cancellationToken)).Metadata.Uid;
        }
        catch (ApiException e) when (e.IsGone)
        {
            return null;
        }
    }

    private Task DeleteAsync(
        IKind kind,
        IKubernetesObject<V1ObjectMeta> obj,
        int? grace,
        string propagation,
        CancellationToken cancellationToken
    ) =>
        _api.DeleteAsync(
            kind.PathOf(obj.Metadata.NamespaceProperty, obj.Metadata.Name),
            new V1DeleteOptions
            {
                GracePeriodSeconds = grace,
                PropagationPolicy = propagation,
                Preconditions = new V1Preconditions { Uid = obj.Metadata.Uid },
            },
            cancellationToken
        );

    private sealed class Head
    {
        [System.Text.Json.Serialization.JsonPropertyName("metadata")]
        public V1ObjectMeta Metadata { get; set; } = new();
    }

    private sealed class Kind<T> : IKind
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        private readonly Resource<T> _resource;
        private readonly Informer<T> _informer;
        private readonly Index<T> _byOwner;

        public Kind(string name, Resource<T> resource, Informer<T> informer, GarbageCollector collector)
        {
            (Name, _resource, _informer) = (name, resource, informer);
            _byOwner = new Index<T>(informer, obj => obj.Metadata.OwnerReferences?.FirstOrDefault()?.Uid);
            informer.Changed += (before, after) =>
            {
                var obj = after ?? before!;
                if (after is null)
                {
                    foreach (var kind in collector._kinds.Values)
                    {
                        foreach (var dependent in kind.OwnedBy(obj.Metadata.Uid))
                            collector.Wake(kind.Name, Informer<T>.KeyOf(dependent.Metadata.NamespaceProperty, dependent.Metadata.Name));
                    }

                    foreach (var owner in obj.Metadata.OwnerReferences ?? [])
                    {
                        if (collector._kinds.ContainsKey(owner.Kind))
                            collector.Wake(
                                owner.Kind,
                                Informer<T>.KeyOf(owner.Kind == "Node" ? null : obj.Metadata.NamespaceProperty, owner.Name)
                            );
                    }
                }
                else if (before is null || after.Metadata.DeletionTimestamp is not null)
                    collector.Wake(name, Informer<T>.KeyOf(after));
            };
        }

        public string Name { get; }

        public IKubernetesObject<V1ObjectMeta>? Find(string key) => _informer.Find(key);

        public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> OwnedBy(string uid) => _byOwner[uid];

        public string PathOf(string? ns, string name) => _resource.At(ns, name);
    }
}
