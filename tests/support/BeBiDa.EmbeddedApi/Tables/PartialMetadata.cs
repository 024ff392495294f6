using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The <c>meta.k8s.io/v1 PartialObjectMetadata</c> of an object: its metadata alone.</summary>
internal static class PartialMetadata
{
    public static byte[] Write(JsonObject metadata) =>
        [.. "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":"u8, .. Json.Write(metadata), .. "}"u8];

    public static JsonObject Of(JsonObject json) =>
        new()
        {
            ["kind"] = "PartialObjectMetadata",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = json["metadata"]?.DeepClone(),
        };
}
