using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>
/// JSON trees that many threads may read at once: <see cref="JsonNode.Parse(string, JsonNodeOptions?, JsonDocumentOptions)"/>
/// fills its objects on first access, so trees are read here token by token instead and are complete from the start.
/// </summary>
internal static class Json
{
    private static readonly JsonWriterOptions Writing = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        var node = ReadValue(ref reader);
        if (reader.Read())
            throw new JsonException("there is something after the end of the document");
        return node;
    }

    public static byte[] Write(JsonNode? node, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, indented ? Writing with { Indented = true } : Writing))
        {
            if (node is null)
                writer.WriteNullValue();
            else
                node.WriteTo(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }

    public static string Compact(JsonNode? node) => Encoding.UTF8.GetString(Write(node));

    /// <summary>Same content: objects regardless of the order of their members, numbers by value.</summary>
    public static bool Same(JsonNode? left, JsonNode? right)
    {
        if (ReferenceEquals(left, right))
            return true;
        switch (left)
        {
            case JsonObject a when right is JsonObject b:
                if (a.Count != b.Count)
                    return false;
                foreach (var (name, value) in a)
                {
                    if (!b.TryGetPropertyValue(name, out var other) || !Same(value, other))
                        return false;
                }
                return true;
            case JsonArray a when right is JsonArray b:
                if (a.Count != b.Count)
                    return false;
                for (var i = 0; i < a.Count; i++)
                {
                    if (!Same(a[i], b[i]))
                        return false;
                }
                return true;
            case JsonValue a when right is JsonValue b:
                if (a.TryGetValue<string>(out var text))
                    return b.TryGetValue<string>(out var otherText) && text == otherText;
                if (a.TryGetValue<bool>(out var flag))
                    return b.TryGetValue<bool>(out var otherFlag) && flag == otherFlag;
                if (a.TryGetValue<long>(out var number) && b.TryGetValue<long>(out var otherNumber))
                    return number == otherNumber;
                return a.GetValueKind() == b.GetValueKind() && a.ToJsonString() == b.ToJsonString();
            default:
                return false;
        }
    }

    public static string? Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? Number(this JsonNode? node)
    {
        if (node is not JsonValue value)
            return null;
        if (value.TryGetValue<long>(out var number))
            return number;
        if (value.TryGetValue<int>(out var small))
            return small;
        return value.TryGetValue<double>(out var real) ? (long)real : null;
    }

    public static bool Flag(this JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static JsonArray? Array(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray;

    public static string? Text(this JsonObject? node, string name) => node?[name].Text();

    /// <summary>The node at a dotted path, or null; no member name on such a path holds a dot.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node is not JsonObject map || !map.TryGetPropertyValue(step, out node))
                return null;
        }
        return node;
    }

    /// <summary>The object member of this name, made if it is missing.</summary>
    public static JsonObject Make(this JsonObject parent, string name)
    {
        if (parent[name] is JsonObject found)
            return found;
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    public static void Default(this JsonObject parent, string name, JsonNode value)
    {
        if (!parent.TryGetPropertyValue(name, out var present) || present is null)
            parent[name] = value;
    }

    public static JsonObject Copy(this JsonObject node) => (JsonObject)node.DeepClone();

    private static JsonNode? ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var map = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    map[name] = ReadValue(ref reader);
                }
                return map;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    list.Add(ReadValue(ref reader));
                return list;
            case JsonTokenType.String:
                return JsonValue.Create(reader.GetString());
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var number) ? JsonValue.Create(number) : JsonValue.Create(reader.GetDouble());
            default:
                throw new JsonException($"unexpected {reader.TokenType}");
        }
    }
}
