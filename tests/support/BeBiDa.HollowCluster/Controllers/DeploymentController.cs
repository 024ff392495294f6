using BeBiDa.Hollow.Api;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// Gives each Deployment a ReplicaSet per pod template, and moves its replicas from old ones to the new one within
/// maxSurge and maxUnavailable. No history limit, pause or progress deadline.
/// </summary>
public sealed class DeploymentController : IAsyncDisposable
{
    private const string HashLabel = "pod-template-hash";

    private readonly ApiClient _api;
    private readonly Informer<V1Deployment> _deployments;
    private readonly Index<V1ReplicaSet> _setsByOwner;
    private readonly Pace _pace = new();
    private readonly WorkQueue _work;

    internal DeploymentController(ApiClient api, Informer<V1Deployment> deployments, Informer<V1ReplicaSet> sets, ILogger log)
    {
        (_api, _deployments) = (api, deployments);
        _work = new WorkQueue("deployment controller", SyncAsync, log);
        _setsByOwner = new Index<V1ReplicaSet>(sets, set => set.Controller()?.Uid);
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

        var hash = TemplateHash.Of(deployment.Spec.Template);
        var sets = _setsByOwner[deployment.Metadata.Uid];
        var current = sets.FirstOrDefault(set => set.Metadata.Labels?.TryGetValue(HashLabel, out var label) == true && label == hash);
        var old = sets.Where(set => set != current).ToList();
        if (deployment.Metadata.DeletionTimestamp is null)
            await RollAsync(deployment, hash, current, old, cancellationToken);
        return await ReportAsync(deployment, current, sets, cancellationToken);
    }

    private async Task RollAsync(
        V1Deployment deployment,
        string hash,
        V1ReplicaSet? current,
        List<V1ReplicaSet> old,
        CancellationToken cancellationToken
    )
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = Share.Of(rolling?.MaxSurge ?? "25%", wanted, up: true);
        var unavailable = Share.Of(rolling?.MaxUnavailable ?? "25%", wanted, up: false);
        if (surge + unavailable == 0)
            unavailable = 1;
        var oldReplicas = old.Sum(set => set.Spec.Replicas ?? 0);
        var currentReplicas = current?.Spec.Replicas ?? 0;

        int target;
        int removable;
        if (deployment.Spec.Strategy?.Type == "Recreate")
        {
            target = old.Sum(set => set.Status?.Replicas ?? 0) + oldReplicas == 0 ? wanted : currentReplicas;
            removable = oldReplicas;
        }
        else
        {
            target = Math.Min(wanted, Math.Max(currentReplicas, wanted + surge - oldReplicas));
            var notYet = currentReplicas - (current?.Status?.AvailableReplicas ?? 0);
            removable = current is null ? 0 : currentReplicas + oldReplicas - (wanted - unavailable) - notYet;
        }

        if (current is null)
            await CreateAsync(deployment, hash, target, cancellationToken);
        else if (currentReplicas != target)
            await ScaleAsync(current, target, cancellationToken);

        foreach (var set in old.Where(set => set.Spec.Replicas > 0).OrderBy(set => set.Metadata.CreationTimestamp))
        {
            var fewer = Math.Min(set.Spec.Replicas!.Value, Math.Max(removable, 0));
            if (fewer == 0)
                break;
            removable -= fewer;
            await ScaleAsync(set, set.Spec.Replicas.Value - fewer, cancellationToken);
        }
    }

    private Task CreateAsync(V1Deployment deployment, string hash, int replicas, CancellationToken cancellationToken)
    {
        Dictionary<string, string> WithHash(IDictionary<string, string>? labels) =>
            new(labels ?? new Dictionary<string, string>()) { [HashLabel] = hash };

        var template = deployment.Spec.Template;
        var set = new V1ReplicaSet
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new V1ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = WithHash(template.Metadata.Labels),
                OwnerReferences = [deployment.AsController("apps/v1", "Deployment")],
            },
            Spec = new V1ReplicaSetSpec
            {
                Replicas = replicas,
                Selector = deployment.Spec.Selector with { MatchLabels = WithHash(deployment.Spec.Selector.MatchLabels) },
                Template = template with { Metadata = template.Metadata with { Labels = WithHash(template.Metadata.Labels) } },
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

    private async Task<TimeSpan?> ReportAsync(
        V1Deployment deployment,
        V1ReplicaSet? current,
        IReadOnlyList<V1ReplicaSet> sets,
        CancellationToken cancellationToken
    )
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        var replicas = sets.Sum(set => set.Status?.Replicas ?? 0);
        var ready = sets.Sum(set => set.Status?.ReadyReplicas ?? 0);
        var available = sets.Sum(set => set.Status?.AvailableReplicas ?? 0);
        var updated = current?.Status?.Replicas ?? 0;
        var unavailable = Math.Max(0, Math.Max(wanted, replicas) - available);
        var least = wanted - Share.Of(deployment.Spec.Strategy?.RollingUpdate?.MaxUnavailable ?? "25%", wanted, up: false);
        var minimum = available >= least;
        var complete = updated == wanted && replicas == wanted && available == wanted;

        var status = deployment.Status;
        if (
            status is not null
            && status.ObservedGeneration == deployment.Metadata.Generation
            && (status.Replicas ?? 0) == replicas
            && (status.ReadyReplicas ?? 0) == ready
            && (status.AvailableReplicas ?? 0) == available
            && (status.UpdatedReplicas ?? 0) == updated
            && (status.UnavailableReplicas ?? 0) == unavailable
            && Known("Available")?.Status == Word(minimum)
            && Known("Progressing")?.Reason == Progress()
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
                    readyReplicas = ready,
                    availableReplicas = available,
                    updatedReplicas = updated,
                    unavailableReplicas = unavailable,
                    conditions = new[]
                    {
                        Condition("Available", minimum, minimum ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"),
                        Condition("Progressing", true, Progress()),
                    },
                },
            },
            cancellationToken
        );
        return null;

        string Progress() => complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated";

        V1DeploymentCondition? Known(string type) => status?.Conditions?.FirstOrDefault(condition => condition.Type == type);

        V1DeploymentCondition Condition(string type, bool holds, string reason) =>
            new()
            {
                Type = type,
                Status = Word(holds),
                Reason = reason,
                Message = reason,
                LastTransitionTime = Known(type) is { } known && known.Status == Word(holds) ? known.LastTransitionTime : DateTime.UtcNow,
                LastUpdateTime = DateTime.UtcNow,
            };
    }

    private static string Word(bool holds) => holds ? "True" : "False";
}
