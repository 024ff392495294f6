using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>
/// Brings an object into the one form in which it is stored, as Go's <c>omitempty</c> does for the API server:
/// no nulls, no empty lists, no empty labels or annotations, no <c>unschedulable: false</c>.
/// </summary>
internal static class Normalization
{
    private static readonly string[] OmittedWhenEmpty = ["labels", "annotations", "nodeSelector", "data", "matchLabels"];

    public static void Run(JsonObject json)
    {
        Clean(json);
        if (
            json["spec"] is JsonObject spec
            && spec["unschedulable"] is JsonValue flag
            && flag.TryGetValue<bool>(out var unschedulable)
            && !unschedulable
        )
            spec.Remove("unschedulable");
    }

    private static void Clean(JsonObject map)
    {
        List<string>? empty = null;
        foreach (var (name, value) in map)
        {
            switch (value)
            {
                case null:
                case JsonArray { Count: 0 } when name != "rules":
                case JsonObject { Count: 0 } when OmittedWhenEmpty.Contains(name):
                    (empty ??= []).Add(name);
                    break;
                case JsonObject child when name != "managedFields":
                    Clean(child);
                    break;
                case JsonArray list when name != "managedFields":
                    foreach (var item in list)
                    {
                        if (item is JsonObject element)
                            Clean(element);
                    }
                    break;
            }
        }
        foreach (var name in empty ?? [])
            map.Remove(name);
    }
}
