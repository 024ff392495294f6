using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.ServerSideApply;

namespace BeBiDa.EmbeddedApi.Patches;

/// <summary>
/// Strategic merge patch: a merge patch that finds items of the lists that Kubernetes marks with <c>patchMergeKey</c>
/// by that key, with the directives <c>$patch: delete</c>, <c>$deleteFromPrimitiveList</c> and <c>$setElementOrder</c>.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";
    private const string Order = "$setElementOrder/";

    public static JsonNode? Apply(JsonNode? target, JsonNode? patch, Schema schema)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        if (changes.Text(Directive) == "delete")
            return null;
        var result = target is JsonObject map ? map.Copy() : [];
        foreach (var (name, change) in changes)
        {
            if (name is Directive || name is "$retainKeys" || name.StartsWith(Order, StringComparison.Ordinal))
                continue;
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal))
            {
                RemoveValues(result[name[DeleteFrom.Length..]] as JsonArray, change as JsonArray);
                continue;
            }
            var field = schema.Field(name);
            var merged = change switch
            {
                null => null,
                JsonArray items when result[name] is JsonArray present && field.PatchKey is { } key => MergeItems(
                    present,
                    items,
                    key,
                    field.Item
                ),
                JsonArray items when field.PatchKey is { } key => MergeItems([], items, key, field.Item),
                JsonArray items when result[name] is JsonArray present && field.PatchMerges => AddValues(present, items),
                JsonObject => Apply(result[name], change, field),
                _ => change.DeepClone(),
            };
            if (merged is null)
                result.Remove(name);
            else
                result[name] = merged;
        }
        foreach (var (name, order) in changes)
        {
            if (!name.StartsWith(Order, StringComparison.Ordinal) || order is not JsonArray wanted)
                continue;
            var ordered = name[Order.Length..];
            if (result[ordered] is JsonArray list)
                result[ordered] = Sort(list, wanted, target.At(ordered) as JsonArray ?? [], schema.Field(ordered).PatchKey);
        }
        return result;
    }

    private static JsonArray MergeItems(JsonArray present, JsonArray changes, string key, Schema item)
    {
        var result = (JsonArray)present.DeepClone();
        foreach (var change in changes)
        {
            if (change is not JsonObject map)
                throw ApiError.BadRequest($"an item of a list merged by \"{key}\" must be an object");
            var wanted = map[key] ?? throw ApiError.BadRequest($"map: {map.ToJsonString()} does not contain declared merge key: {key}");
            var at = IndexOf(result, key, wanted);
            if (map.Text(Directive) == "delete")
            {
                if (at >= 0)
                    result.RemoveAt(at);
            }
            else if (at >= 0)
            {
                result[at] = Apply(result[at], map, item);
            }
            else
            {
                result.Add(Apply(null, map, item));
            }
        }
        return Sort(result, changes, present, key);
    }

    private static int IndexOf(JsonArray list, string key, JsonNode wanted)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is JsonObject map && Json.Same(map[key], wanted))
                return i;
        }
        return -1;
    }

    private static JsonArray AddValues(JsonArray present, JsonArray values)
    {
        var result = (JsonArray)present.DeepClone();
        foreach (var value in values.Where(value => !result.Any(known => Json.Same(known, value))).ToList())
            result.Add(value?.DeepClone());
        return Sort(result, values, present, null);
    }

    private static void RemoveValues(JsonArray? present, JsonArray? values)
    {
        if (present is null || values is null)
            return;
        for (var i = present.Count - 1; i >= 0; i--)
        {
            if (values.Any(value => Json.Same(present[i], value)))
                present.RemoveAt(i);
        }
    }

    // Items that the wanted order names come in that order; the others stay before what they stood before in the
    // original list, and behind all else.
    private static JsonArray Sort(JsonArray list, JsonArray wanted, JsonArray original, string? key)
    {
        var named = list.Where(item => Place(wanted, item, key) >= 0).OrderBy(item => Place(wanted, item, key)).ToList();
        var others = new Queue<JsonNode?>(list.Where(item => Place(wanted, item, key) < 0).OrderBy(item => Place(original, item, key)));
        var sorted = new List<JsonNode?>(list.Count);
        foreach (var item in named)
        {
            var place = Place(original, item, key);
            while (place >= 0 && others.TryPeek(out var other) && Place(original, other, key) is var stood && stood >= 0 && stood < place)
                sorted.Add(others.Dequeue());
            sorted.Add(item);
        }
        return new JsonArray([.. sorted.Concat(others).Select(item => item?.DeepClone())]);
    }

    private static int Place(JsonArray list, JsonNode? item, string? key)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (key is null ? Json.Same(list[i], item) : Json.Same(list[i].At(key), item.At(key)))
                return i;
        }
        return -1;
    }
}
