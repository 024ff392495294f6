using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>
/// Deletes objects: at once, or, for a pod on a node, by a deletion timestamp that its kubelet honours; and never
/// before the last finalizer is gone.
/// </summary>
internal sealed class Deletion(ObjectRegistry registry)
{
    private const string ForegroundFinalizer = "foregroundDeletion";

    private readonly Store store = registry.Store;

    /// <summary>Deletes an object, and tells whether it is gone already.</summary>
    public (StoredObject Object, bool Gone) Delete(ResourceType type, string space, string name, DeleteOptions options)
    {
        while (true)
        {
            var current = registry.Get(type, space, name);
            Require(type, current, options);
            var grace = Grace(type, current, options);
            var foreground = options.Propagation == "Foreground";
            var finalizers = current.Metadata.Array("finalizers") is { Count: > 0 } || foreground || type == ResourceTypes.Namespaces;
            if (grace == 0 && !finalizers)
            {
                var last = current.Json.Copy();
                // Watches see a pod marked before they see it gone, however short its grace.
                if (type == ResourceTypes.Pods && current.Metadata["deletionGracePeriodSeconds"].Number() != 0)
                {
                    Mark(last, current, 0, false);
                    store.Replace(type.Plural, current, last);
                }
                else if (store.Delete(type.Plural, current, last) is { } deleted)
                {
                    return (deleted, true);
                }
                continue;
            }
            var present = current.Metadata["deletionGracePeriodSeconds"].Number();
            if (present is { } running && running <= grace)
                return (current, false);
            var next = current.Json.Copy();
            Mark(next, current, grace, foreground);
            if (type == ResourceTypes.Namespaces)
                next.Make("status")["phase"] = "Terminating";
            if (store.Replace(type.Plural, current, next) is { } marked)
                return (marked, false);
        }
    }

    /// <summary>Whether an object was deleted and nothing holds it any longer.</summary>
    public static bool IsFinished(JsonObject json)
    {
        var metadata = (JsonObject)json["metadata"]!;
        return metadata["deletionTimestamp"] is not null
            && metadata["deletionGracePeriodSeconds"].Number() is null or 0
            && metadata["finalizers"] is not JsonArray { Count: > 0 }
            && json.Text("kind") != ResourceTypes.Namespaces.Kind;
    }

    /// <summary>Checks the identity and the version that a deletion requires.</summary>
    public static void Require(ResourceType type, StoredObject current, DeleteOptions options)
    {
        if (options.Uid is { Length: > 0 } uid && uid != current.Uid)
            throw Refused(
                type,
                current,
                $"the UID in the precondition ({uid}) does not match the UID in record ({current.Uid}). The object might have been deleted and then recreated"
            );
        if (options.ResourceVersion is { Length: > 0 } version && version != current.Metadata.Text("resourceVersion"))
            throw Refused(
                type,
                current,
                $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({current.Metadata.Text("resourceVersion")}). The object might have been modified"
            );
    }

    // The API server names the kind here, where it names the resource in every other conflict.
    private static ApiError Refused(ResourceType type, StoredObject current, string why)
    {
        var details = ApiError.Details(type, current.Name);
        details["kind"] = type.Kind;
        var kind = type.Group.Length == 0 ? type.Kind : $"{type.Kind}.{type.Group}";
        return new(409, "Conflict", $"Operation cannot be fulfilled on {kind} \"{current.Name}\": {why}", details);
    }

    private void Mark(JsonObject next, StoredObject current, long grace, bool foreground)
    {
        var metadata = next.Make("metadata");
        // Shortening counts from the moment the deletion was first asked for.
        var asked = registry.Clock.GetUtcNow();
        if (Timestamps.Parse(metadata.Text("deletionTimestamp")) is { } end)
            asked = end - TimeSpan.FromSeconds(metadata["deletionGracePeriodSeconds"].Number() ?? 0);
        metadata["deletionTimestamp"] = Timestamps.Seconds(asked + TimeSpan.FromSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (metadata["generation"].Number() is { } generation && current.Metadata["deletionTimestamp"] is null)
            metadata["generation"] = generation + 1;
        if (!foreground)
            return;
        var finalizers = metadata["finalizers"] as JsonArray ?? [];
        metadata["finalizers"] = finalizers.Parent is null ? finalizers : finalizers = (JsonArray)finalizers.DeepClone();
        if (!finalizers.Any(finalizer => finalizer.Text() == ForegroundFinalizer))
            finalizers.Add(ForegroundFinalizer);
    }

    // Only a pod that runs on a node is deleted gracefully: nobody else would finish it.
    private static long Grace(ResourceType type, StoredObject current, DeleteOptions options)
    {
        if (type != ResourceTypes.Pods)
            return 0;
        if (
            string.IsNullOrEmpty(current.Json.At("spec", "nodeName").Text())
            || current.Json.At("status", "phase").Text() is "Failed" or "Succeeded"
        )
            return 0;
        var grace = options.GracePeriodSeconds ?? current.Json.At("spec", "terminationGracePeriodSeconds").Number() ?? 30;
        return grace < 0 ? 1 : grace;
    }
}
