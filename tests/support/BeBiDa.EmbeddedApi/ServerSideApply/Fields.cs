using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>What differs between two versions of an object.</summary>
internal sealed record Comparison(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    public FieldSet Written => Added.Union(Modified);
}

/// <summary>
/// Field sets of values, after the rules of Kubernetes' structured-merge-diff: a leaf is a scalar, an atomic list or
/// map, or an empty container; items of associative lists are members beside their fields.
/// </summary>
internal static class Fields
{
    private static readonly string[] NeverOwnedAtRoot = ["apiVersion", "kind"];

    private static readonly string[] NeverOwnedInMetadata =
    [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];

    /// <summary>The identity of an object, which no manager owns.</summary>
    public static readonly FieldSet NeverOwned = FieldSet.Of(
        false,
        NeverOwnedAtRoot
            .ToDictionary(PathElement.Field, _ => FieldSet.Leaf)
            .Append(
                new(
                    PathElement.Field("metadata"),
                    FieldSet.Of(false, NeverOwnedInMetadata.ToDictionary(PathElement.Field, _ => FieldSet.Leaf))
                )
            )
            .ToDictionary()
    );

    public static readonly FieldSet Spec = Root("spec");

    public static readonly FieldSet Status = Root("status");

    /// <summary>The fields that a configuration states.</summary>
    public static FieldSet Of(JsonNode? value, Schema schema)
    {
        switch (value)
        {
            case JsonObject map when !schema.IsAtomic:
                var fields = new Dictionary<string, FieldSet>(map.Count);
                foreach (var (name, child) in map)
                {
                    var set = Of(child, schema.Field(name));
                    if (child is null or JsonObject { Count: 0 })
                        set = FieldSet.Leaf;
                    if (!set.IsEmpty)
                        fields[PathElement.Field(name)] = set;
                }
                return FieldSet.Of(false, fields);
            case JsonArray list when schema.IsAssociative && !schema.IsAtomic:
                var items = new Dictionary<string, FieldSet>(list.Count);
                foreach (var (element, item) in PathElement.Items(schema, list))
                    items[element] = FieldSet.Leaf.Union(Of(item, schema.Item));
                return FieldSet.Of(false, items);
            default:
                return FieldSet.Leaf;
        }
    }

    public static Comparison Compare(JsonObject before, JsonObject after, Schema schema)
    {
        var (added, modified, removed) = CompareMaps(before, after, schema);
        return new(added.WithoutTrees(NeverOwned), modified.WithoutTrees(NeverOwned), removed.WithoutTrees(NeverOwned));
    }

    private static FieldSet Root(string name) => FieldSet.Of(false, new() { [PathElement.Field(name)] = FieldSet.Leaf });

    private static (FieldSet Added, FieldSet Modified, FieldSet Removed) CompareValues(JsonNode? before, JsonNode? after, Schema schema)
    {
        if (!schema.IsAtomic)
        {
            switch (before, after)
            {
                case (JsonObject { Count: > 0 } a, JsonObject b):
                    return CompareMaps(a, b, schema);
                case (JsonObject a, JsonObject { Count: > 0 } b):
                    return CompareMaps(a, b, schema);
                case (JsonArray a, JsonArray b) when schema.IsAssociative:
                    return CompareItems(PathElement.Items(schema, a), PathElement.Items(schema, b), schema);
            }
        }
        return Json.Same(before, after)
            ? (FieldSet.Empty, FieldSet.Empty, FieldSet.Empty)
            : (FieldSet.Empty, FieldSet.Leaf, FieldSet.Empty);
    }

    private static (FieldSet Added, FieldSet Modified, FieldSet Removed) CompareMaps(JsonObject before, JsonObject after, Schema schema)
    {
        var difference = new Difference();
        foreach (var (name, old) in before)
        {
            var element = PathElement.Field(name);
            if (!after.TryGetPropertyValue(name, out var now))
                difference.Removed[element] = Whole(old, schema.Field(name));
            else
                difference.Add(element, CompareValues(old, now, schema.Field(name)));
        }
        foreach (var (name, now) in after)
        {
            if (!before.ContainsKey(name))
                difference.Added[PathElement.Field(name)] = Whole(now, schema.Field(name));
        }
        return difference.Sets();
    }

    private static (FieldSet Added, FieldSet Modified, FieldSet Removed) CompareItems(
        Dictionary<string, JsonNode?> before,
        Dictionary<string, JsonNode?> after,
        Schema schema
    )
    {
        var difference = new Difference();
        foreach (var (element, old) in before)
        {
            if (!after.TryGetValue(element, out var now))
                difference.Removed[element] = Whole(old, schema.Item);
            else
                difference.Add(element, CompareValues(old, now, schema.Item));
        }
        foreach (var (element, now) in after)
        {
            if (!before.ContainsKey(element))
                difference.Added[element] = Whole(now, schema.Item);
        }
        return difference.Sets();
    }

    // What comes or goes as a whole counts with every container on the way down.
    private static FieldSet Whole(JsonNode? value, Schema schema)
    {
        switch (value)
        {
            case JsonObject map when !schema.IsAtomic:
                return FieldSet.Of(
                    !schema.IsAlwaysThere,
                    map.ToDictionary(pair => PathElement.Field(pair.Key), pair => Whole(pair.Value, schema.Field(pair.Key)))
                );
            case JsonArray list when schema.IsAssociative && !schema.IsAtomic:
                return FieldSet.Of(
                    !schema.IsAlwaysThere,
                    PathElement.Items(schema, list).ToDictionary(pair => pair.Key, pair => Whole(pair.Value, schema.Item))
                );
            default:
                return FieldSet.Leaf;
        }
    }

    private sealed class Difference
    {
        public Dictionary<string, FieldSet> Added { get; } = [];

        public Dictionary<string, FieldSet> Modified { get; } = [];

        public Dictionary<string, FieldSet> Removed { get; } = [];

        public void Add(string element, (FieldSet Added, FieldSet Modified, FieldSet Removed) below)
        {
            if (!below.Added.IsEmpty)
                Added[element] = below.Added;
            if (!below.Modified.IsEmpty)
                Modified[element] = below.Modified;
            if (!below.Removed.IsEmpty)
                Removed[element] = below.Removed;
        }

        public (FieldSet Added, FieldSet Modified, FieldSet Removed) Sets() =>
            (FieldSet.Of(false, Added), FieldSet.Of(false, Modified), FieldSet.Of(false, Removed));
    }
}
