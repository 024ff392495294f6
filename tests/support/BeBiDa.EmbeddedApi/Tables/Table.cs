using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The <c>meta.k8s.io/v1 Table</c> that <c>kubectl get</c> asks for.</summary>
internal static class Table
{
    public static JsonObject Of(
        ResourceType type,
        IEnumerable<JsonObject> objects,
        JsonObject listMetadata,
        DateTimeOffset now,
        string includeObject,
        bool withColumns = true
    )
    {
        var table = new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = listMetadata,
        };
        var definitions = new JsonArray();
        if (withColumns)
        {
            foreach (var column in type.Columns)
            {
                definitions.Add(
                    new JsonObject
                    {
                        ["name"] = column.Title,
                        ["type"] = column.Type,
                        ["format"] = column.Format,
                        ["description"] = column.Title,
                        ["priority"] = column.Priority,
                    }
                );
            }
        }
        table["columnDefinitions"] = definitions;
        var rows = new JsonArray();
        foreach (var json in objects)
            rows.Add(Row(type, json, now, includeObject));
        table["rows"] = rows;
        return table;
    }

    private static JsonObject Row(ResourceType type, JsonObject json, DateTimeOffset now, string includeObject)
    {
        var cells = new JsonArray();
        foreach (var column in type.Columns)
            cells.Add(column.Value(json, now));
        var row = new JsonObject { ["cells"] = cells };
        switch (includeObject)
        {
            case "None":
                break;
            case "Object":
                row["object"] = json.DeepClone();
                break;
            default:
                row["object"] = PartialMetadata.Of(json);
                break;
        }
        return row;
    }
}
