using System.Globalization;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Selectors;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>What a PodDisruptionBudget allows, counted from the pods that it selects now.</summary>
internal sealed record DisruptionBudget(long Expected, long Healthy, long Desired)
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
        if (budget.Json.At("spec", "maxUnavailable") is { } most)
        {
            var expected = Expectation(store, pods);
            return new(expected, healthy, Math.Max(0, expected - Share(most, expected)));
        }
        var least = budget.Json.At("spec", "minAvailable") ?? JsonValue.Create(1L);
        if (least.Number() is { } number)
            return new(pods.Count, healthy, number);
        var all = Expectation(store, pods);
        return new(all, healthy, Share(least, all));
    }

    public JsonObject ToStatus(StoredObject budget)
    {
        var status = budget.Json.Object("status")?.Copy() ?? [];
        status["observedGeneration"] = budget.Metadata["generation"].Number() ?? 1;
        status["expectedPods"] = Expected;
        status["currentHealthy"] = Healthy;
        status["desiredHealthy"] = Desired;
        status["disruptionsAllowed"] = Allowed;
        var allowed = Allowed > 0;
        var conditions = status.Array("conditions")?.DeepClone() as JsonArray ?? [];
        var wanted = allowed ? "True" : "False";
        if (conditions.FirstOrDefault(condition => condition.At("type").Text() == "DisruptionAllowed").At("status").Text() != wanted)
        {
            conditions = new JsonArray(
                new JsonObject
                {
                    ["type"] = "DisruptionAllowed",
                    ["status"] = wanted,
                    ["reason"] = allowed ? "SufficientPods" : "InsufficientPods",
                    ["message"] = "",
                    ["observedGeneration"] = budget.Metadata["generation"].Number() ?? 1,
                    ["lastTransitionTime"] = Timestamps.Seconds(DateTimeOffset.UtcNow),
                }
            );
        }
        status["conditions"] = conditions;
        return status;
    }

    // Percentages count from what the pods' controllers want, not from what happens to run.
    private static long Expectation(Store store, IReadOnlyList<StoredObject> pods)
    {
        var expected = 0L;
        foreach (
            var group in pods.GroupBy(pod =>
                pod.Metadata.Array("ownerReferences")?.FirstOrDefault(reference => reference.At("controller").Flag()).At("uid").Text()
            )
        )
        {
            var reference = group.First().Metadata.Array("ownerReferences")?.FirstOrDefault(owner => owner.At("controller").Flag());
            var storage = reference.At("kind").Text() switch
            {
                "ReplicaSet" => "replicasets",
                "StatefulSet" => "statefulsets",
                _ => null,
            };
            var owner = storage is null ? null : store.Get(storage, $"{group.First().Namespace}/{reference.At("name").Text()}");
            expected += owner?.Json.At("spec", "replicas").Number() ?? group.Count();
        }
        return expected;
    }

    private static long Share(JsonNode? value, long of)
    {
        if (value.Number() is { } number)
            return number;
        return value.Text() is { } text && text.EndsWith('%') && double.TryParse(text[..^1], CultureInfo.InvariantCulture, out var percent)
            ? (long)Math.Ceiling(of * percent / 100)
            : 0;
    }
}
