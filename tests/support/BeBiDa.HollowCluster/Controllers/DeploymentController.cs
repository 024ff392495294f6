using BeBiDa.Hollow.Api;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>Gives each Deployment one ReplicaSet with its replicas. A template that changes is for new pods only: nothing is rolled out.</summary>
public sealed class DeploymentController : IAsyncDisposable
{
    private readonly ApiClient _api;
    private readonly Informer<V1Deployment> _deployments;
    private readonly Informer<V1ReplicaSet> _sets;
    private readonly Pace _pace = new();
    private readonly WorkQueue _work;

    internal DeploymentController(ApiClient api, Informer<V1Deployment> deployments, Informer<V1ReplicaSet> sets, ILogger log)
    {
        (_api, _deployments, _sets) = (api, deployments, sets);
        _work = new WorkQueue("deployment controller", SyncAsync, log);
        deployments.Changed += (_, after) =>
        {
            if (after is not null)
                _work.Add(Informer<V1Deployment>.KeyOf(after));
        };
        sets.Changed += (before, after) =>
        {
            var set = (after ?? before)!;
            if (set.Controller() is { Kind: "Deployment" } owner)
                _work.Add(Informer<V1Deployment>.KeyOf(set.Metadata.NamespaceProperty, owner.Name));
        };
    }

    public void Start() => _work.Start(4);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancellationToken)
    {
        if (_deployments.Find(key) is not { } deployment)
            return null;

        var set = _sets.Find(deployment.Metadata.NamespaceProperty, SetOf(deployment));
        if (set?.Controller()?.Uid != deployment.Metadata.Uid)
            set = null;
        if (deployment.Metadata.DeletionTimestamp is null)
        {
            if (set is null)
                await CreateAsync(deployment, cancellationToken);
            else if (set.Spec.Replicas != deployment.Spec.Replicas)
                await ScaleAsync(set, deployment.Spec.Replicas ?? 1, cancellationToken);
        }
        return await ReportAsync(deployment, set?.Status, cancellationToken);
    }

    // One of the same name before it has to be gone first.
    private static string SetOf(V1Deployment deployment) => $"{deployment.Metadata.Name}-{deployment.Metadata.Uid[..8]}";

    private Task CreateAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        var set = new V1ReplicaSet
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new V1ObjectMeta
            {
                Name = SetOf(deployment),
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = deployment.Spec.Template.Metadata.Labels,
                OwnerReferences = [deployment.AsController("apps/v1", "Deployment")],
            },
            Spec = new V1ReplicaSetSpec
            {
                Replicas = deployment.Spec.Replicas ?? 1,
                Selector = deployment.Spec.Selector,
                Template = deployment.Spec.Template,
            },
        };
        return _api.CreateAsync(Resources.ReplicaSets.In(deployment.Metadata.NamespaceProperty), set, cancellationToken);
    }

    // Made from what the watch showed: a set that has changed since answers 409, and is looked at again.
    private Task ScaleAsync(V1ReplicaSet set, int replicas, CancellationToken cancellationToken) =>
        _api.MergeAsync<V1ReplicaSet>(
            Resources.ReplicaSets.Of(set),
            new { metadata = new { resourceVersion = set.Metadata.ResourceVersion }, spec = new { replicas } },
            cancellationToken
        );

    private async Task<TimeSpan?> ReportAsync(V1Deployment deployment, V1ReplicaSetStatus? set, CancellationToken cancellationToken)
    {
        var (replicas, ready, available) = (set?.Replicas ?? 0, set?.ReadyReplicas ?? 0, set?.AvailableReplicas ?? 0);
        if (
            deployment.Status is { } status
            && status.ObservedGeneration == deployment.Metadata.Generation
            && (status.Replicas ?? 0) == replicas
            && (status.ReadyReplicas ?? 0) == ready
            && (status.AvailableReplicas ?? 0) == available
        )
            return null;
        if (_pace.Wait(deployment.Metadata.Uid) is { } wait)
            return wait;

        await _api.MergeAsync<V1Deployment>(
            Resources.Deployments.Of(deployment, "status"),
            new
            {
                status = new
                {
                    observedGeneration = deployment.Metadata.Generation,
                    replicas,
                    updatedReplicas = replicas,
                    readyReplicas = ready,
                    availableReplicas = available,
                    unavailableReplicas = Math.Max(0, (deployment.Spec.Replicas ?? 1) - available),
                },
            },
            cancellationToken
        );
        return null;
    }
}
