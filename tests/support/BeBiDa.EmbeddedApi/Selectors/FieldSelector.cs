using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Selectors;

/// <summary>A field selector (<c>spec.nodeName=n1,status.phase!=Failed</c>) over the fields that a resource lets select.</summary>
internal sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);

    private readonly (string Path, string[] Steps, string Value, bool Equal)[] terms;

    private FieldSelector((string Path, string[] Steps, string Value, bool Equal)[] terms) => this.terms = terms;

    public bool IsEverything => terms.Length == 0;

    /// <summary>The one name that can match; null when the selector does not name it.</summary>
    public string? Name => terms.FirstOrDefault(term => term.Equal && term.Path == "metadata.name").Value;

    public static FieldSelector Parse(string? query, ResourceType type)
    {
        if (string.IsNullOrWhiteSpace(query))
            return Everything;
        var terms = new List<(string, string[], string, bool)>();
        foreach (var part in query.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
                throw ApiError.BadRequest($"invalid selector: '{query}'; can't understand '{part}'");
            var equal = part[at - 1] != '!';
            var path = part[..(equal ? at : at - 1)].Trim();
            var value = part[(at + 1)..].TrimStart('=').Trim();
            if (path is not ("metadata.name" or "metadata.namespace") && !type.SelectableFields.Contains(path))
                throw ApiError.BadRequest($"field label not supported: {path}");
            terms.Add((path, path.Split('.'), value, equal));
        }
        return new([.. terms]);
    }

    public bool Matches(JsonObject json)
    {
        foreach (var (path, steps, value, equal) in terms)
        {
            if ((Read(json, path, steps) == value) != equal)
                return false;
        }
        return true;
    }

    private static string Read(JsonObject json, string path, string[] steps)
    {
        switch (path)
        {
            case "spec.unschedulable":
                return json.At("spec", "unschedulable").Flag() ? "true" : "false";
            case "source":
                return json.At("source", "component").Text() ?? json.Text("reportingComponent") ?? "";
        }
        var node = json.At(steps);
        return node.Text() ?? node.Number()?.ToString() ?? "";
    }
}
