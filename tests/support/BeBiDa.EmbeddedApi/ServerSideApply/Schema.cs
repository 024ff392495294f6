using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>
/// What merging needs to know about a field: how Server-Side Apply joins it (<c>x-kubernetes-list-type</c>,
/// <c>x-kubernetes-map-type</c>) and how strategic merge patch does (<c>patchStrategy</c>, <c>patchMergeKey</c>).
/// Fields not described are what they are without a mark: maps are granular, lists are atomic and replaced.
/// </summary>
internal sealed record Schema
{
    public static readonly Schema Plain = new();

    public static readonly Schema Atomic = new() { IsAtomic = true };

    /// <summary>A list of unique scalars that both kinds of merging join.</summary>
    public static readonly Schema Set = new() { IsSet = true, PatchMerges = true };

    public bool IsAtomic { get; init; }

    public bool IsSet { get; init; }

    /// <summary>A field that Kubernetes' Go types always have, so that it does not come with its content and nobody owns it.</summary>
    public bool IsAlwaysThere { get; init; }

    /// <summary>The keys of an associative list; empty for every other field.</summary>
    public string[] Keys { get; init; } = [];

    /// <summary>The key by which a strategic merge patch finds the item that it changes.</summary>
    public string? PatchKey { get; init; }

    /// <summary>A list of scalars that a strategic merge patch adds to.</summary>
    public bool PatchMerges { get; init; }

    /// <summary>The items of an associative list.</summary>
    public Schema Item { get; init; } = Plain;

    public Dictionary<string, Schema> Fields { get; init; } = [];

    public Schema Field(string name) => Fields.TryGetValue(name, out var field) ? field : Plain;

    public bool IsAssociative => Keys.Length > 0 || IsSet;

    /// <summary>An associative list for both kinds of merging.</summary>
    public static Schema ListBy(string key, Schema? item = null) =>
        new()
        {
            Keys = [key],
            PatchKey = key,
            Item = item ?? Plain,
        };

    /// <summary>A list that Server-Side Apply joins by several keys and a strategic merge patch by the first of them.</summary>
    public static Schema ListBy(string[] keys, Schema? item = null) =>
        new()
        {
            Keys = keys,
            PatchKey = keys[0],
            Item = item ?? Plain,
        };

    public static Schema Of(params (string Name, Schema Schema)[] fields) =>
        new() { Fields = fields.ToDictionary(field => field.Name, field => field.Schema) };

    public Schema With(params (string Name, Schema Schema)[] fields)
    {
        var all = new Dictionary<string, Schema>(Fields);
        foreach (var (name, schema) in fields)
            all[name] = schema;
        return this with { Fields = all };
    }

    /// <summary>The value of a list key, with the default that Kubernetes declares for it.</summary>
    public static JsonNode? KeyOf(JsonObject item, string key) => item[key] ?? (key == "protocol" ? JsonValue.Create("TCP") : null);
}
