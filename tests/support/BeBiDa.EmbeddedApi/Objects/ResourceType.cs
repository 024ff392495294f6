using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.ServerSideApply;
using BeBiDa.EmbeddedApi.Tables;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>One kind of object: its names, how it is stored, merged, defaulted, selected and printed.</summary>
internal sealed record ResourceType(string Group, string Version, string Kind, string Plural, params string[] ShortNames)
{
    public string Singular { get; init; } = Kind.ToLowerInvariant();

    public string[] Categories { get; init; } = [];

    public bool Namespaced { get; init; } = true;

    public bool HasStatus { get; init; }

    /// <summary>Has a <c>spec</c>, whose changes count in <c>metadata.generation</c>.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Reviews are answered, never stored.</summary>
    public bool CreateOnly { get; init; }

    public Schema Schema { get; init; } = Schemas.Generic;

    /// <summary>Fills in what the API fills in; runs on every write.</summary>
    public Action<JsonObject> Defaults { get; init; } = static _ => { };

    /// <summary>Field selectors beside metadata.name and metadata.namespace.</summary>
    public string[] SelectableFields { get; init; } = [];

    public Column[] Columns { get; init; } = [Column.Name, Column.Age];

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
