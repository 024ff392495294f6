using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>
/// Server-Side Apply: joins a configuration into the live object, removes what the manager applied before, states no
/// more and nobody else owns, and refuses to change what others own unless forced.
/// </summary>
internal static class Apply
{
    public static (JsonObject Object, FieldManagers Managers) Run(
        JsonObject live,
        JsonObject config,
        Schema schema,
        FieldManagers managers,
        FieldManager manager,
        bool force,
        DateTimeOffset now
    )
    {
        var stated = Fields.Of(config, schema).WithoutTrees(Fields.NeverOwned);
        var before = managers[manager];
        var merged = (JsonObject)Merge(live, config, schema)!;
        PruneRoot(merged, schema, before, managers.With(manager, stated, now).All());

        var comparison = Fields.Compare(live, merged, schema);
        // An apply that changes nothing but who owns it does not count as a moment of change.
        DateTimeOffset? time = Json.Same(live, merged) ? managers.TimeOf(manager) : now;
        var owners = managers.With(manager, stated, time);
        var written = comparison.Written;
        if (!force)
        {
            var conflicts = owners.Conflicts(manager, written);
            if (conflicts.Count > 0)
                throw Refused(conflicts);
        }
        owners = owners.TakenFromOthers(manager, written).TakenFromOthers(manager, comparison.Removed);
        return (merged, owners);
    }

    private static JsonNode? Merge(JsonNode? live, JsonNode? config, Schema schema)
    {
        if (schema.IsAtomic || config is null)
            return config?.DeepClone();
        switch (live, config)
        {
            case (JsonObject a, JsonObject b):
                var map = a.Copy();
                foreach (var (name, value) in b)
                    map[name] = Merge(a[name], value, schema.Field(name));
                return map;
            case (JsonArray, JsonArray) when schema.IsAssociative:
                throw ApiError.BadRequest("lists whose items have owners of their own are not applied here");
            default:
                return config.DeepClone();
        }
    }

    // metadata, spec and status are always there; what is in them may go.
    private static void PruneRoot(JsonObject merged, Schema schema, FieldSet before, FieldSet owned)
    {
        foreach (var (element, below) in before.Children)
        {
            var name = element[2..];
            if (merged[name] is JsonObject part && !schema.Field(name).IsAtomic && below.Children.Count > 0)
                Prune(part, schema.Field(name), below, owned.Child(element));
            else if (owned.Child(element).IsEmpty)
                merged.Remove(name);
        }
    }

    // Every field on the way down to something that was applied before goes with it once nobody owns anything below.
    private static void Prune(JsonNode value, Schema schema, FieldSet before, FieldSet owned)
    {
        if (before.Children.Count == 0)
            return;
        if (value is not JsonObject map || schema.IsAtomic)
            return;
        foreach (var (element, below) in before.Children)
        {
            var name = element[2..];
            if (!map.TryGetPropertyValue(name, out var child))
                continue;
            var others = owned.Child(element);
            if (others.IsEmpty)
                map.Remove(name);
            else if (child is not null)
                Prune(child, schema.Field(name), below, others);
        }
    }

    private static ApiError Refused(IReadOnlyList<(FieldManager Manager, FieldSet Fields)> conflicts)
    {
        var causes = new JsonArray();
        var byManager = new List<(string Manager, List<string> Paths)>();
        foreach (var (manager, fields) in conflicts)
        {
            var shown = manager.Shown;
            var paths = fields.Paths().ToList();
            byManager.Add((shown, paths));
            foreach (var path in paths)
                causes.Add(
                    new JsonObject
                    {
                        ["reason"] = "FieldManagerConflict",
                        ["message"] = $"conflict with {shown}",
                        ["field"] = path,
                    }
                );
        }
        var what =
            byManager.Count == 1 && byManager[0].Paths.Count == 1
                ? $"conflict with {byManager[0].Manager}: {byManager[0].Paths[0]}"
                : string.Join(
                    "\n",
                    byManager.Select(one => $"conflicts with {one.Manager}:\n{string.Join("\n", one.Paths.Select(path => "- " + path))}")
                );
        var message = $"Apply failed with {causes.Count} conflict{(causes.Count == 1 ? "" : "s")}: {what}";
        return new ApiError(409, "Conflict", message, new JsonObject { ["causes"] = causes });
    }
}
