using System.Globalization;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// Says in the status of each PodDisruptionBudget how many of its pods may be evicted
/// (https://kubernetes.io/docs/tasks/run-application/configure-pdb/).
/// </summary>
public sealed class DisruptionController : IAsyncDisposable
{
    // An eviction that the API server granted but that did not come counts no longer after this (as the real one).
    private static readonly TimeSpan s_grantHolds = TimeSpan.FromMinutes(2);

    private readonly ApiClient _api;
    private readonly Informer<V1PodDisruptionBudget> _budgets;
    private readonly Index<V1Pod> _podsByNamespace;
    private readonly Pace _pace = new();
    private readonly WorkQueue _work;

    internal DisruptionController(ApiClient api, Informer<V1PodDisruptionBudget> budgets, Informer<V1Pod> pods, ILogger log)
    {
        (_api, _budgets) = (api, budgets);
        _work = new WorkQueue("disruption controller", SyncAsync, log);
        _podsByNamespace = new Index<V1Pod>(pods, pod => pod.Metadata.NamespaceProperty);
        budgets.Changed += (_, after) =>
        {
            if (after is not null)
                _work.Add(Informer<V1PodDisruptionBudget>.KeyOf(after));
        };
        pods.Changed += (before, after) =>
        {
            foreach (var budget in _budgets.Objects)
            {
                if (Means(budget, before) || Means(budget, after))
                    _work.Add(Informer<V1PodDisruptionBudget>.KeyOf(budget));
            }
        };
    }

    public void Start() => _work.Start(2);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancellationToken)
    {
        if (_budgets.Find(key) is not { } budget || budget.Metadata.DeletionTimestamp is not null)
            return null;

        var now = DateTime.UtcNow;
        var pods = _podsByNamespace[budget.Metadata.NamespaceProperty].Where(pod => Means(budget, pod)).ToList();
        var present = pods.Where(pod => pod.Metadata.DeletionTimestamp is null).ToDictionary(pod => pod.Metadata.Name);
        var granted = (budget.Status?.DisruptedPods ?? new Dictionary<string, DateTime?>())
            .Where(entry => present.ContainsKey(entry.Key) && now - entry.Value < s_grantHolds)
            .ToDictionary();
        var healthy = present.Values.Count(pod => PodStatus.IsReady(pod) && !granted.ContainsKey(pod.Metadata.Name));
        var (expected, desired) = (pods.Count, Desired(budget.Spec, pods.Count));
        var allowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired);

        return await ReportAsync(budget, granted, healthy, expected, desired, allowed, cancellationToken)
            ?? (granted.Count == 0 ? null : s_grantHolds);
    }

    // Numbers only: a percentage would be of what the pods' controllers want.
    private static int Desired(V1PodDisruptionBudgetSpec spec, int pods) =>
        spec.MaxUnavailable is { } most
            ? Math.Max(0, pods - int.Parse(most.Value, CultureInfo.InvariantCulture))
            : int.Parse((spec.MinAvailable ?? "1").Value, CultureInfo.InvariantCulture);

    private async Task<TimeSpan?> ReportAsync(
        V1PodDisruptionBudget budget,
        Dictionary<string, DateTime?> granted,
        int healthy,
        int expected,
        int desired,
        int allowed,
        CancellationToken cancellationToken
    )
    {
        var status = budget.Status;
        if (
            status is not null
            && status.ObservedGeneration == budget.Metadata.Generation
            && status.CurrentHealthy == healthy
            && status.ExpectedPods == expected
            && status.DesiredHealthy == desired
            && status.DisruptionsAllowed == allowed
            && (status.DisruptedPods?.Count ?? 0) == granted.Count
        )
            return null;
        if (_pace.Wait(budget.Metadata.Uid) is { } wait)
            return wait;

        var holds = allowed > 0 ? "True" : "False";
        var known = status?.Conditions?.FirstOrDefault(condition => condition.Type == "DisruptionAllowed");
        // A replace with the version that was seen: the API server counts evictions in this status too, and a
        // number made from an older one must not overwrite its count.
        await _api.ReplaceAsync(
            Resources.Budgets.Of(budget, "status"),
            budget with
            {
                ApiVersion = "policy/v1",
                Kind = "PodDisruptionBudget",
                Status = new V1PodDisruptionBudgetStatus
                {
                    ObservedGeneration = budget.Metadata.Generation,
                    CurrentHealthy = healthy,
                    DesiredHealthy = desired,
                    ExpectedPods = expected,
                    DisruptionsAllowed = allowed,
                    DisruptedPods = granted,
                    Conditions =
                    [
                        new V1Condition
                        {
                            Type = "DisruptionAllowed",
                            Status = holds,
                            Reason = allowed > 0 ? "SufficientPods" : "InsufficientPods",
                            Message = "",
                            ObservedGeneration = budget.Metadata.Generation,
                            LastTransitionTime = known?.Status == holds ? known.LastTransitionTime : DateTime.UtcNow,
                        },
                    ],
                },
            },
            cancellationToken
        );
        return null;
    }

    private static bool Means(V1PodDisruptionBudget budget, V1Pod? pod) =>
        pod is not null
        && pod.Metadata.NamespaceProperty == budget.Metadata.NamespaceProperty
        && budget.Spec.Selector.Selects(pod.Metadata);
}
