using System.Globalization;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Patches;

/// <summary>JSON patch (RFC 6902).</summary>
internal static class JsonPatch
{
    public static JsonNode? Apply(JsonNode target, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
            throw ApiError.BadRequest("a JSON patch must be an array of operations");
        JsonNode? document = target.DeepClone();
        foreach (var operation in operations)
        {
            var path = Steps(operation as JsonObject, "path");
            switch (operation.At("op").Text())
            {
                case "add":
                    Add(ref document, path, operation.At("value")?.DeepClone());
                    break;
                case "remove":
                    Remove(document, path);
                    break;
                case "replace":
                    var value = operation.At("value")?.DeepClone();
                    if (path.Length > 0)
                        Remove(document, path);
                    Add(ref document, path, value);
                    break;
                case "move":
                    var from = Steps(operation as JsonObject, "from");
                    var moved = Get(document, from)?.DeepClone();
                    Remove(document, from);
                    Add(ref document, path, moved);
                    break;
                case "copy":
                    Add(ref document, path, Get(document, Steps(operation as JsonObject, "from"))?.DeepClone());
                    break;
                case "test":
                    if (!Json.Same(Get(document, path), operation.At("value")))
                        throw Failed($"testing value {operation.At("path").Text()} failed");
                    break;
                case var other:
                    throw ApiError.BadRequest($"unknown JSON patch operation \"{other}\"");
            }
        }
        return document;
    }

    private static string[] Steps(JsonObject? operation, string member)
    {
        var pointer = operation?.Text(member) ?? throw ApiError.BadRequest($"a JSON patch operation lacks \"{member}\"");
        return pointer.Length == 0
            ? []
            :
            [
                .. pointer[1..]
                    .Split('/')
                    .Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)),
            ];
    }

    private static JsonNode? Get(JsonNode? document, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            document = document switch
            {
                JsonObject map when map.TryGetPropertyValue(step, out var child) => child,
                JsonArray list => list[Index(list, step, list.Count - 1)],
                _ => throw Failed($"the path /{string.Join('/', path.ToArray())} does not exist"),
            };
        }
        return document;
    }

    private static void Add(ref JsonNode? document, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            document = value;
            return;
        }
        switch (Get(document, path.AsSpan(..^1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                break;
            case JsonArray list:
                list.Insert(Index(list, path[^1], list.Count), value);
                break;
            default:
                throw Failed($"nothing can be added at /{string.Join('/', path)}");
        }
    }

    private static void Remove(JsonNode? document, string[] path)
    {
        switch (path.Length == 0 ? null : Get(document, path.AsSpan(..^1)))
        {
            case JsonObject map when map.Remove(path[^1]):
                break;
            case JsonArray list:
                list.RemoveAt(Index(list, path[^1], list.Count - 1));
                break;
            default:
                throw Failed($"remove operation does not apply: /{string.Join('/', path)} is missing");
        }
    }

    private static int Index(JsonArray list, string step, int highest)
    {
        if (!int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > highest)
            throw Failed($"index {step} is out of a list of {list.Count}");
        return index;
    }

    private static ApiError Failed(string why) =>
        new(422, "Invalid", "the server rejected our request due to an error in our request: " + why, []);
}
