using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.ServerSideApply;

/// <summary>The steps of a field's path, written as <c>FieldsV1</c> writes them.</summary>
internal static class PathElement
{
    public static string Field(string name) => "f:" + name;

    /// <summary>An item of an associative list, by its keys or, in a set, by its value.</summary>
    public static string Item(Schema list, JsonNode? item)
    {
        if (list.IsSet)
            return "v:" + Json.Compact(item);
        if (item is not JsonObject map)
            throw ApiError.BadRequest("an item of an associative list must be an object");
        var keys = new JsonObject();
        foreach (var key in list.Keys.Order(StringComparer.Ordinal))
        {
            if (Schema.KeyOf(map, key) is { } value)
                keys[key] = value.DeepClone();
        }
        if (keys.Count == 0)
            throw new ApiError(400, "BadRequest", $"associative list item has none of its keys: {string.Join(", ", list.Keys)}");
        return "k:" + Json.Compact(keys);
    }

    /// <summary>The items of an associative list by their path elements; of repeated ones the first counts.</summary>
    public static Dictionary<string, JsonNode?> Items(Schema list, JsonArray array)
    {
        var items = new Dictionary<string, JsonNode?>(array.Count);
        foreach (var item in array)
            items.TryAdd(Item(list, item), item);
        return items;
    }
}
