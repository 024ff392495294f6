using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>Events are stored as core/v1 has them and also served as events.k8s.io/v1, under other names.</summary>
internal static class EventVersions
{
    private static readonly (string Core, string New)[] Names =
    [
        ("involvedObject", "regarding"),
        ("message", "note"),
        ("reportingComponent", "reportingController"),
        ("source", "deprecatedSource"),
        ("count", "deprecatedCount"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
    ];

    public static JsonObject FromCore(JsonObject stored) =>
        Rename(stored, "events.k8s.io/v1", Names.ToDictionary(pair => pair.Core, pair => pair.New));

    public static JsonObject ToCore(JsonObject served) => Rename(served, "v1", Names.ToDictionary(pair => pair.New, pair => pair.Core));

    private static JsonObject Rename(JsonObject from, string apiVersion, Dictionary<string, string> names)
    {
        var to = new JsonObject();
        foreach (var (name, value) in from)
        {
            // events.k8s.io/v1 leaves out what core/v1 writes empty.
            if (value.Text() is "")
                continue;
            to[names.GetValueOrDefault(name, name)] = name == "apiVersion" ? apiVersion : value?.DeepClone();
        }
        return to;
    }
}
