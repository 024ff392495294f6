using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Registry;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>The Binding subresource, by which a scheduler gives a pod its node.</summary>
internal static class Binding
{
    public static void Bind(ObjectRegistry registry, string space, string name, JsonObject binding, WriteOptions options)
    {
        var node = binding.At("target", "name").Text();
        if (string.IsNullOrEmpty(node))
            throw ApiError.Invalid(ResourceTypes.Pods, name, "target.name", "Required value");
        registry.Update(ResourceTypes.Pods, space, name, "binding", options, current =>
        {
            ObjectRegistry.Require(ResourceTypes.Pods, current, binding.At("metadata", "uid").Text(), null);
            if (current.Metadata["deletionTimestamp"] is not null)
                throw ApiError.Conflict(ResourceTypes.Pods, name, $"pod {name} is being deleted, cannot be assigned to a host");
            if (current.Json.At("spec", "nodeName").Text() is { Length: > 0 } taken)
                throw ApiError.Conflict(ResourceTypes.Pods, name, $"pod {name} is already assigned to node \"{taken}\"");
            var next = current.Json.Copy();
            next.Make("spec")["nodeName"] = node;
            return next;
        });
        registry.Update(ResourceTypes.Pods, space, name, "status", options, current =>
        {
            var next = current.Json.Copy();
            var status = next.Make("status");
            var conditions = status.Array("conditions")?.DeepClone() as JsonArray ?? [];
            status["conditions"] = conditions;
            foreach (var old in conditions.Where(condition => condition.At("type").Text() == "PodScheduled").ToList())
                conditions.Remove(old);
            conditions.Add(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "True",
                ["lastTransitionTime"] = Timestamps.Seconds(registry.Clock.GetUtcNow()),
            });
            return next;
        });
    }
}
