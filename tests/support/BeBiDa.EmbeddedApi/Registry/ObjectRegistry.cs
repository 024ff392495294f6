using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.ServerSideApply;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>
/// Creates and changes objects by the rules of the API: identity, defaults, validation, optimistic concurrency,
/// generation and field ownership.
/// </summary>
internal sealed class ObjectRegistry(Store store, TimeProvider clock)
{
    private const string BeforeFirstApply = "before-first-apply";

    private const string NameCharacters = "bcdfghjklmnpqrstvwxz2456789";

    public Store Store => store;

    public TimeProvider Clock => clock;

    public static string Key(ResourceType type, string space, string name) => type.Namespaced ? $"{space}/{name}" : name;

    public StoredObject Get(ResourceType type, string space, string name) =>
        store.Get(type.Plural, Key(type, space, name)) ?? throw ApiError.NotFound(type, name);

    public StoredObject Create(ResourceType type, string space, JsonObject json, WriteOptions options)
    {
        var metadata = json.Make("metadata");
        if (metadata.Text("name") is null or "" && metadata.Text("generateName") is { Length: > 0 } prefix)
            metadata["name"] = prefix + RandomNumberGenerator.GetString(NameCharacters, 5);
        PrepareNew(type, space, json);
        var name = metadata.Text("name")!;
        Complete(type, name, json);
        var managers = Updated(FieldManagers.None, Blank(type), json, type, new(options.Manager, false, type.ApiVersion, ""));
        SetManagers(json, managers);
        return store.Create(type.Plural, Key(type, space, name), json) ?? throw ApiError.AlreadyExists(type, name);
    }

    /// <summary>Changes an object, as often as other writers come between.</summary>
    /// <param name="type">The kind of object.</param>
    /// <param name="space">Its namespace; empty for what has none.</param>
    /// <param name="name">Its name.</param>
    /// <param name="subresource">The subresource through which it is changed; empty for the object itself.</param>
    /// <param name="options">How the write is meant.</param>
    /// <param name="change">Makes the next version; it must not touch the present one.</param>
    public StoredObject Update(
        ResourceType type,
        string space,
        string name,
        string subresource,
        WriteOptions options,
        Func<StoredObject, JsonObject> change
    )
    {
        var manager = new FieldManager(options.Manager, false, type.ApiVersion, subresource);
        while (true)
        {
            var current = Get(type, space, name);
            var next = change(current);
            var managers = Claimed(current, next, subresource);
            Settle(type, name, subresource, current, next);
            // An object that nobody is known to own stays so until the first apply.
            if (managers.Owners.Count > 0)
                managers = Updated(managers, current.Json, next, type, manager);
            if (Commit(type, current, next, managers) is { } stored)
                return stored;
        }
    }

    /// <summary>Server-Side Apply; makes the object when there is none.</summary>
    public (StoredObject Object, bool Created) Apply(
        ResourceType type,
        string space,
        string name,
        string subresource,
        JsonObject config,
        WriteOptions options
    )
    {
        if (config.At("metadata", "managedFields") is JsonArray { Count: > 0 })
            throw ApiError.BadRequest("metadata.managedFields must be nil");
        if (config.Text("apiVersion") is null || config.Text("kind") is null)
            throw ApiError.BadRequest($"invalid object type: {GroupVersion(config)}, Kind={config.Text("kind")}");
        Validation.Identity(type, config);
        if (config.At("metadata", "name").Text() is { } stated && stated != name)
            throw ApiError.BadRequest($"the name of the object ({stated}) does not match the name on the URL ({name})");
        config.Make("metadata")["name"] = name;
        Normalization.Run(config);
        if (type.HasStatus)
            config.Remove(subresource == "status" ? "spec" : "status");
        var manager = new FieldManager(options.Manager, true, type.ApiVersion, subresource);
        while (true)
        {
            var now = clock.GetUtcNow();
            if (store.Get(type.Plural, Key(type, space, name)) is not { } current)
            {
                if (subresource.Length > 0)
                    throw ApiError.NotFound(type, name);
                if (config.At("metadata", "uid").Text() is { } wanted)
                    throw ApiError.Conflict(
                        type,
                        name,
                        $"uid mismatch: the provided object specified uid {wanted}, and no existing object was found"
                    );
                var (made, owners) = ServerSideApply.Apply.Run(
                    Blank(type),
                    config,
                    type.Schema,
                    FieldManagers.None,
                    manager,
                    options.Force,
                    now
                );
                PrepareNew(type, space, made);
                Complete(type, name, made);
                SetManagers(made, owners);
                if (store.Create(type.Plural, Key(type, space, name), made) is { } created)
                    return (created, true);
                continue;
            }
            if (
                config.At("metadata", "resourceVersion").Text() is { Length: > 0 } version
                && version != current.Metadata.Text("resourceVersion")
            )
                throw ApiError.Modified(type, name);
            var present = current.Managers;
            if (present.Owners.Count == 0)
                present = Updated(present, Blank(type), current.Json, type, new(BeforeFirstApply, false, type.ApiVersion, subresource));
            var (next, managers) = ServerSideApply.Apply.Run(current.Json, config, type.Schema, present, manager, options.Force, now);
            Settle(type, name, subresource, current, next);
            if (Commit(type, current, next, managers) is { } stored)
                return (stored, false);
        }
    }

    /// <summary>Changes an object as the server itself does: no field manager, no new generation.</summary>
    public StoredObject Revise(ResourceType type, string space, string name, Func<StoredObject, JsonObject> change)
    {
        while (true)
        {
            var current = Get(type, space, name);
            var next = change(current);
            if (Json.Same(current.Json, next))
                return current;
            if (store.Replace(type.Plural, current, next) is { } stored)
                return stored;
        }
    }

    private static string GroupVersion(JsonObject config)
    {
        var version = config.Text("apiVersion") ?? "";
        return version.Contains('/') ? version : "/" + (version.Length > 0 ? " " + version : "");
    }

    private void PrepareNew(ResourceType type, string space, JsonObject json)
    {
        Validation.Identity(type, json);
        var metadata = json.Make("metadata");
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0)
            throw ApiError.Invalid(type, "", "metadata.name", "Required value: name or generateName is required");
        Validation.Name(type, name);
        if (metadata.Text("resourceVersion") is { Length: > 0 } and not "0")
            throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
        if (type.Namespaced)
        {
            if (metadata.Text("namespace") is { Length: > 0 } stated && stated != space)
                throw ApiError.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            metadata["namespace"] = space;
            RequireNamespace(space, type, name);
        }
        else
        {
            metadata.Remove("namespace");
        }
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Timestamps.Seconds(clock.GetUtcNow());
        foreach (
            var unset in (string[])
                ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"]
        )
            metadata.Remove(unset);
        // A kubelet registers its node with its status; every other status begins empty.
        if (type.HasStatus && type.Plural != "nodes")
            json.Remove("status");
        if (type.HasGeneration)
            metadata["generation"] = 1L;
    }

    private void RequireNamespace(string space, ResourceType type, string name)
    {
        if (store.Get("namespaces", space) is not { } found)
            throw ApiError.NotFound(ResourceTypes.Namespaces, space);
        if (found.Metadata["deletionTimestamp"] is null)
            return;
        var details = ApiError.Details(type, name);
        details["causes"] = new JsonArray(
            new JsonObject
            {
                ["reason"] = "NamespaceTerminating",
                ["message"] = $"namespace {space} is being terminated",
                ["field"] = "metadata.namespace",
            }
        );
        throw new ApiError(
            403,
            "Forbidden",
            $"{type.QualifiedPlural} \"{name}\" is forbidden: unable to create new content in namespace {space} because it is being terminated",
            details
        );
    }

    private static void Complete(ResourceType type, string name, JsonObject json)
    {
        Normalization.Run(json);
        if (type.HasStatus)
        {
            json.Make("spec");
            json.Make("status");
        }
        type.Defaults(json);
        Validation.Content(type, name, json);
    }

    // What a writer cannot change is set back: the identity, and what lies beyond the subresource.
    private static void Settle(ResourceType type, string name, string subresource, StoredObject current, JsonObject next)
    {
        Validation.Identity(type, next);
        var metadata = next.Make("metadata");
        if (metadata.Text("name") is { Length: > 0 } stated && stated != name)
            throw ApiError.BadRequest($"the name of the object ({stated}) does not match the name on the URL ({name})");
        if (metadata.Text("namespace") is { Length: > 0 } space && space != (current.Namespace ?? space))
            throw ApiError.BadRequest("the namespace of the object does not match the namespace on the request");
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != current.Uid)
            throw ApiError.ImmutableUid(type, name, uid);
        if (metadata.Text("resourceVersion") is { Length: > 0 } version && version != current.Metadata.Text("resourceVersion"))
            throw ApiError.Modified(type, name);
        foreach (
            var kept in (string[])
                [
                    "name",
                    "namespace",
                    "uid",
                    "resourceVersion",
                    "creationTimestamp",
                    "deletionTimestamp",
                    "deletionGracePeriodSeconds",
                    "generation",
                    "generateName",
                ]
        )
            Keep(metadata, current.Metadata, kept);
        if (type.HasStatus)
        {
            if (subresource == "status")
            {
                Keep(next, current.Json, "spec");
                foreach (var kept in (string[])["ownerReferences", "finalizers"])
                    Keep(metadata, current.Metadata, kept);
            }
            else
            {
                Keep(next, current.Json, "status");
            }
        }
        Complete(type, name, next);
        if (type.HasGeneration && !Json.Same(current.Json["spec"], next["spec"]))
            metadata["generation"] = (current.Metadata["generation"].Number() ?? 0) + 1;
    }

    private static void Keep(JsonObject next, JsonObject current, string name)
    {
        if (current.TryGetPropertyValue(name, out var value))
        {
            if (!Json.Same(next[name], value))
                next[name] = value?.DeepClone();
        }
        else
        {
            next.Remove(name);
        }
    }

    // A client may rewrite managedFields, as kubectl does when it moves from client-side to server-side apply.
    private static FieldManagers Claimed(StoredObject current, JsonObject next, string subresource)
    {
        if (subresource.Length > 0 || next.At("metadata", "managedFields") is not JsonArray { Count: > 0 } claimed)
            return current.Managers;
        return Json.Same(claimed, current.Metadata["managedFields"]) ? current.Managers : FieldManagers.Read(claimed);
    }

    private FieldManagers Updated(FieldManagers managers, JsonObject before, JsonObject after, ResourceType type, FieldManager manager)
    {
        var comparison = Fields.Compare(before, after, type.Schema);
        // What lies beyond the subresource is never owned through it, not even by who creates the object.
        var beyond = type.HasStatus
            ? manager.Subresource == "status"
                ? Fields.Spec
                : Fields.Status
            : FieldSet.Empty;
        var written = comparison.Written.WithoutTrees(beyond);
        return managers
            .TakenFromOthers(manager, written)
            .TakenFromOthers(manager, comparison.Removed)
            .With(manager, managers[manager].Without(comparison.Removed).Union(written), TimeOf(managers, manager, written));
    }

    private DateTimeOffset? TimeOf(FieldManagers managers, FieldManager manager, FieldSet written) =>
        written.IsEmpty ? managers.TimeOf(manager) : clock.GetUtcNow();

    private static void SetManagers(JsonObject json, FieldManagers managers)
    {
        var metadata = json.Make("metadata");
        if (managers.ToJson() is { } entries)
            metadata["managedFields"] = entries;
        else
            metadata.Remove("managedFields");
    }

    private StoredObject? Commit(ResourceType type, StoredObject current, JsonObject next, FieldManagers managers)
    {
        if (ReferenceEquals(managers, current.Managers))
            Keep(next.Make("metadata"), current.Metadata, "managedFields");
        else
            SetManagers(next, managers);
        if (Json.Same(current.Json, next))
            return current;
        return Deletion.IsFinished(next) ? store.Delete(type.Plural, current, next) : store.Replace(type.Plural, current, next);
    }

    // What a new object is compared with: structs that are always there are not new.
    private static JsonObject Blank(ResourceType type)
    {
        var blank = new JsonObject
        {
            ["apiVersion"] = type.ApiVersion,
            ["kind"] = type.Kind,
            ["metadata"] = new JsonObject(),
        };
        if (type.HasStatus)
        {
            blank["spec"] = new JsonObject();
            blank["status"] = new JsonObject();
        }
        return blank;
    }
}
