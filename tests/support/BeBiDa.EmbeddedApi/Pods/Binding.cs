using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Registry;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>The Binding subresource, by which a scheduler gives a pod its node.</summary>
internal static class Binding
{
    public static void Bind(ObjectRegistry registry, string space, string name, JsonObject binding)
    {
        var node = binding.At("target", "name").Text();
        if (string.IsNullOrEmpty(node))
            throw ApiError.Invalid(ResourceTypes.Pods, name, "target.name", "Required value");
        registry.Revise(
            ResourceTypes.Pods,
            space,
            name,
            current =>
            {
                if (binding.At("metadata", "uid").Text() is { Length: > 0 } uid && uid != current.Uid)
                    throw Refused(name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}");
                if (current.Metadata["deletionTimestamp"] is not null)
                    throw Refused(name, $"pod {name} is being deleted, cannot be assigned to a host");
                if (current.Json.At("spec", "nodeName").Text() is { Length: > 0 } taken)
                    throw Refused(name, $"pod {name} is already assigned to node \"{taken}\"");
                var next = current.Json.Copy();
                next.Make("spec")["nodeName"] = node;
                PodConditions.Set(
                    next,
                    new JsonObject
                    {
                        ["type"] = "PodScheduled",
                        ["status"] = "True",
                        ["lastTransitionTime"] = Timestamps.Seconds(registry.Clock.GetUtcNow()),
                    }
                );
                return next;
            }
        );
    }

    private static ApiError Refused(string name, string why) =>
        ApiError.Conflict(ResourceTypes.Pods with { Plural = "pods/binding" }, name, why);
}
