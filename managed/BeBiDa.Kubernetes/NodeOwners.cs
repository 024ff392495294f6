using System.Text.Json;
using System.Text.Json.Serialization;

namespace BeBiDa.Kubernetes;

/// <summary>What has been done to the holds of a Node by somebody else, as its <c>managedFields</c> tell.</summary>
/// <param name="Broken">How many of our managers own only one of a hold's annotation and <c>spec.unschedulable</c>.</param>
/// <param name="IsOpen">Whether nobody owns <c>spec.unschedulable</c> any more, although one of ours is there.</param>
[JsonConverter(typeof(NodeOwnersConverter))]
internal readonly record struct NodeOwners(int Broken, bool IsOpen)
{
    /// <summary>Whether something has been done since.</summary>
    public bool IsWorseThan(NodeOwners before) => Broken > before.Broken || (IsOpen && !before.IsOpen);
}

/// <summary>Reads <see cref="NodeOwners"/> and keeps nothing else: a Node has some kilobytes of managedFields, and a page a thousand Nodes.</summary>
internal sealed class NodeOwnersConverter : JsonConverter<NodeOwners>
{
    private const string Hold = "f:" + WellKnownNames.HoldAnnotationPrefix;

    /// <inheritdoc/>
    public override NodeOwners Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var (ours, broken, isCordoned) = (0, 0, false);
        if (reader.TokenType != JsonTokenType.StartArray)
            Skip(ref reader);
        else
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var (isOurs, owned) = ReadEntry(ref reader);
                isCordoned |= owned.Cordon;
                ours += isOurs ? 1 : 0;
                broken += isOurs && owned is not { Annotation: true, Cordon: true } ? 1 : 0;
            }
        return new NodeOwners(broken, ours > 0 && !isCordoned);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, NodeOwners value, JsonSerializerOptions options) => throw new NotSupportedException();

    // meta/v1 ManagedFieldsEntry.
    private static (bool IsOurs, Owned Owned) ReadEntry(ref Utf8JsonReader reader)
    {
        var (isOurs, owned) = (false, default(Owned));
        if (reader.TokenType != JsonTokenType.StartObject)
            Skip(ref reader);
        else
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isManager, isFields) = (reader.ValueTextEquals("manager"u8), reader.ValueTextEquals("fieldsV1"u8));
                reader.Read();
                if (isManager && reader.TokenType == JsonTokenType.String)
                    isOurs = reader.GetString()!.StartsWith(WellKnownNames.FieldManagerPrefix, StringComparison.Ordinal);
                else if (isFields && reader.TokenType == JsonTokenType.StartObject)
                    ReadFields(ref reader, "", ref owned);
                else
                    Skip(ref reader);
            }
        return (isOurs, owned);
    }

    // FieldsV1 (structured-merge-diff): a field's name has the prefix "f:", and its value is what is below it.
    private static void ReadFields(ref Utf8JsonReader reader, string parent, ref Owned owned)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            owned.Annotation |= parent == "f:annotations" && name.StartsWith(Hold, StringComparison.Ordinal);
            owned.Cordon |= parent == "f:spec" && name == "f:unschedulable";
            if (
                (parent, name) is ("", "f:metadata" or "f:spec") or ("f:metadata", "f:annotations")
                && reader.TokenType == JsonTokenType.StartObject
            )
                ReadFields(ref reader, name, ref owned);
            else
                Skip(ref reader);
        }
    }

    // Utf8JsonReader.Skip refuses while more of the list is to come, although all of this value is here: the serializer reads it ahead.
    private static void Skip(ref Utf8JsonReader reader)
    {
        if (!reader.TrySkip())
            throw new JsonException();
    }

    private struct Owned
    {
        public bool Annotation;
        public bool Cordon;
    }
}
