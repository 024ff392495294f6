using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.ServerSideApply;
using BeBiDa.EmbeddedApi.Tables;

namespace BeBiDa.EmbeddedApi.Storage;

/// <summary>One version of one object. Never changed after it was stored; its bytes are made once, on demand.</summary>
internal sealed class StoredObject(string key, JsonObject json, long version)
{
    private byte[]? bytes;
    private byte[]? metadataBytes;
    private FieldManagers? managers;

    /// <summary><c>namespace/name</c>, or the name alone.</summary>
    public string Key { get; } = key;

    public JsonObject Json { get; } = json;

    public long Version { get; } = version;

    // Two threads may both make them; they make the same.
    public byte[] Bytes => bytes ??= Objects.Json.Write(Json);

    /// <summary>The object as PartialObjectMetadata.</summary>
    public byte[] MetadataBytes => metadataBytes ??= PartialMetadata.Write(Metadata);

    public FieldManagers Managers => managers ??= FieldManagers.Read(Json.At("metadata", "managedFields") as JsonArray);

    public JsonObject Metadata => (JsonObject)Json["metadata"]!;

    public string Name => Metadata.Text("name")!;

    public string? Namespace => Metadata.Text("namespace");

    public string Uid => Metadata.Text("uid") ?? "";
}
