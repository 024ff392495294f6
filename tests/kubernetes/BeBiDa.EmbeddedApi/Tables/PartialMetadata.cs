using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The <c>meta.k8s.io/v1 PartialObjectMetadata</c> of an object: its metadata alone.</summary>
internal static class PartialMetadata
{
    public static JsonObject Of(JsonObject json) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = json["metadata"]?.DeepClone(),
    };
}
