using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The <c>meta.k8s.io/v1 Table</c> that <c>kubectl get</c> asks for.</summary>
internal static class Table
{
    public static JsonObject Of(ResourceType type, IEnumerable<JsonObject> objects, JsonObject listMetadata, DateTimeOffset now)
    {
        var table = new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = listMetadata,
        };
        var definitions = new JsonArray();
        foreach (var column in type.Columns)
        {
            definitions.Add(
                new JsonObject
                {
                    ["name"] = column.Title,
                    ["type"] = "string",
                    ["format"] = column.Format,
                    ["description"] = column.Title,
                    ["priority"] = column.Priority,
                }
            );
        }
        table["columnDefinitions"] = definitions;
        table["rows"] = new JsonArray([.. objects.Select(json => Row(type, json, now))]);
        return table;
    }

    private static JsonObject Row(ResourceType type, JsonObject json, DateTimeOffset now) =>
        new()
        {
            ["cells"] = new JsonArray([.. type.Columns.Select(column => column.Value(json, now))]),
            ["object"] = PartialMetadata.Of(json),
        };
}
