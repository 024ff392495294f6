using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Registry;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>The Eviction subresource (policy/v1): a deletion that a PodDisruptionBudget can refuse.</summary>
internal sealed class Eviction(ObjectRegistry registry, Deletion deletion)
{
    // Two evictions must not both spend the last disruption that a budget allows.
    private readonly Lock gate = new();

    public void Evict(string space, string name, DeleteOptions options)
    {
        lock (gate)
        {
            var pod = registry.Get(ResourceTypes.Pods, space, name);
            if (!IgnoresBudgets(pod))
                RequireBudget(pod);
            // Only a pod that may go is looked at more closely, as the API server does.
            Deletion.Require(ResourceTypes.Pods, pod, options);
            if (options.ResourceVersion is null)
                registry.Revise(ResourceTypes.Pods, space, name, WithDisruptionTarget);
            deletion.Delete(ResourceTypes.Pods, space, name, options);
        }
    }

    private JsonObject WithDisruptionTarget(StoredObject pod)
    {
        var next = pod.Json.Copy();
        PodConditions.Set(
            next,
            new JsonObject
            {
                ["type"] = "DisruptionTarget",
                ["status"] = "True",
                ["reason"] = "EvictionByEvictionAPI",
                ["message"] = "Eviction API: evicting",
                ["lastTransitionTime"] = Timestamps.Seconds(registry.Clock.GetUtcNow()),
            }
        );
        return next;
    }

    private static bool IgnoresBudgets(StoredObject pod) =>
        pod.Json.At("status", "phase").Text() is "Succeeded" or "Failed" or "Pending" || pod.Metadata["deletionTimestamp"] is not null;

    private void RequireBudget(StoredObject pod)
    {
        var store = registry.Store;
        var budgets = store.Read("poddisruptionbudgets").Objects.Values.Where(budget => DisruptionBudget.Selects(budget, pod)).ToList();
        if (budgets.Count == 0)
            return;
        if (budgets.Count > 1)
            throw new ApiError(
                500,
                "InternalError",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                []
            );
        var budget = budgets[0];
        var count = DisruptionBudget.Count(store, budget);
        if (!DisruptionBudget.IsReady(pod.Json))
        {
            // The disruption costs no healthy pod.
            if (
                budget.Json.At("spec", "unhealthyPodEvictionPolicy").Text() == "AlwaysAllow"
                || (count.Desired > 0 && count.Healthy >= count.Desired)
            )
                return;
        }
        if (count.Allowed > 0)
            return;
        throw new ApiError(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            new JsonObject
            {
                ["causes"] = new JsonArray(
                    new JsonObject
                    {
                        ["reason"] = "DisruptionBudget",
                        ["message"] =
                            $"The disruption budget {budget.Name} needs {count.Desired} healthy pods and has {count.Healthy} currently",
                    }
                ),
            }
        );
    }
}
