using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>Keeps as many pods of each ReplicaSet as it asks for. A pod is available as soon as it is ready.</summary>
public sealed class ReplicaSetController : IAsyncDisposable
{
    private const int AtOnce = 16;

    private readonly ApiClient _api;
    private readonly Informer<V1ReplicaSet> _sets;
    private readonly PodOwner _pods;
    private readonly Pace _pace = new();
    private readonly WorkQueue _work;

    internal ReplicaSetController(ApiClient api, Informer<V1ReplicaSet> sets, Informer<V1Pod> pods, ILogger log)
    {
        (_api, _sets) = (api, sets);
        _work = new WorkQueue("replicaset controller", SyncAsync, log);
        _pods = new PodOwner(api, pods, "apps/v1", "ReplicaSet", _work.Add);
        sets.Changed += (_, after) =>
        {
            if (after is not null)
                _work.Add(Informer<V1ReplicaSet>.KeyOf(after));
        };
    }

    public void Start() => _work.Start(4);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancellationToken)
    {
        if (_sets.Find(key) is not { } set)
            return null;

        var active = _pods.Of(set).Where(pod => !PodStatus.IsFinished(pod) && !_pods.IsLeaving(pod)).ToList();
        var missing = (set.Spec.Replicas ?? 1) - active.Count;
        if (set.Metadata.DeletionTimestamp is null)
            await FillAsync(set, active, missing, cancellationToken);
        return await ReportAsync(set, active, cancellationToken);
    }

    private async Task FillAsync(V1ReplicaSet set, List<V1Pod> active, int missing, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        if (missing > 0)
        {
            await Parallel.ForAsync(0, missing, parallel, async (_, stop) => await _pods.CreateAsync(set, set.Spec.Template, null, stop));
        }

        var surplus = active.OrderBy(Worth).ThenByDescending(pod => pod.Metadata.CreationTimestamp).Take(Math.Max(0, -missing));
        await Parallel.ForEachAsync(surplus, parallel, async (pod, stop) => await _pods.DeleteAsync(pod, stop));
    }

    private async Task<TimeSpan?> ReportAsync(V1ReplicaSet set, List<V1Pod> active, CancellationToken cancellationToken)
    {
        var ready = active.Count(PodStatus.IsReady);
        var status = set.Status;
        if (
            status is not null
            && status.Replicas == active.Count
            && (status.ReadyReplicas ?? 0) == ready
            && (status.AvailableReplicas ?? 0) == ready
            && status.ObservedGeneration == set.Metadata.Generation
        )
            return null;
        if (_pace.Wait(set.Metadata.Uid) is { } wait)
            return wait;
        await _api.MergeAsync<V1ReplicaSet>(
            Resources.ReplicaSets.Of(set, "status"),
            new
            {
                status = new
                {
                    replicas = active.Count,
                    fullyLabeledReplicas = active.Count,
                    readyReplicas = ready,
                    availableReplicas = ready,
                    observedGeneration = set.Metadata.Generation,
                },
            },
            cancellationToken
        );
        return null;
    }

    // Deleted first: pods that do not run yet.
    private static int Worth(V1Pod pod) =>
        (string.IsNullOrEmpty(pod.Spec.NodeName) ? 0 : 4) + (pod.Status?.Phase == "Running" ? 2 : 0) + (PodStatus.IsReady(pod) ? 1 : 0);
}
