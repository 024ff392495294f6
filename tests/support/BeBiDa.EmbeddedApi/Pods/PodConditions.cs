using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>The conditions in a pod's status that the server itself sets.</summary>
internal static class PodConditions
{
    /// <summary>Sets a condition; one of the same type and status stays as it is.</summary>
    public static void Set(JsonObject pod, JsonObject condition)
    {
        var status = pod.Make("status");
        if (status["conditions"] is not JsonArray conditions)
            status["conditions"] = conditions = [];
        var present = conditions.FirstOrDefault(known => known.At("type").Text() == condition.Text("type"));
        if (present is null)
            conditions.Add(condition);
        else if (present.At("status").Text() != condition.Text("status"))
            conditions[conditions.IndexOf(present)] = condition;
    }
}
