using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Selectors;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>What a PodDisruptionBudget allows, counted from the pods that it selects now.</summary>
internal sealed record DisruptionBudget(long Healthy, long Desired)
{
    public long Allowed => Math.Max(0, Healthy - Desired);

    public static bool Selects(StoredObject budget, StoredObject pod) =>
        budget.Namespace == pod.Namespace
        && LabelSelector.FromObject(budget.Json.At("spec", "selector") as JsonObject).Matches(pod.Metadata["labels"] as JsonObject);

    public static bool IsReady(JsonObject pod) =>
        pod.At("status")
            .Array("conditions")
            ?.Any(condition => condition.At("type").Text() == "Ready" && condition.At("status").Text() == "True")
        ?? false;

    public static DisruptionBudget Count(Store store, StoredObject budget)
    {
        var selector = LabelSelector.FromObject(budget.Json.At("spec", "selector") as JsonObject);
        var pods = store
            .Read("pods")
            .Objects.Values.Where(pod => pod.Namespace == budget.Namespace && selector.Matches(pod.Metadata["labels"] as JsonObject))
            .Where(pod => pod.Json.At("status", "phase").Text() is not ("Succeeded" or "Failed"))
            .ToList();
        var healthy = pods.Count(pod => pod.Metadata["deletionTimestamp"] is null && IsReady(pod.Json));
        // Numbers only, no percentages, which would need the pods' controllers.
        var desired = budget.Json.At("spec", "maxUnavailable").Number() is { } most
            ? Math.Max(0, pods.Count - most)
            : budget.Json.At("spec", "minAvailable").Number() ?? 1;
        return new(healthy, desired);
    }
}
