using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>
/// Reads the few kinds that kubectl sends in protobuf here (<c>application/vnd.kubernetes.protobuf</c>: four magic bytes
/// and a <c>runtime.Unknown</c> around the object), whose field numbers stand in Kubernetes' generated.proto files.
/// </summary>
internal static class Protobuf
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private static readonly byte[] Magic = [(byte)'k', (byte)'8', (byte)'s', 0];

    private static readonly Message Text = new();
    private static readonly Message TextMap = new();

    private static readonly Message Metadata = new()
    {
        [1] = ("name", Text),
        [2] = ("generateName", Text),
        [3] = ("namespace", Text),
        [11] = ("labels", TextMap),
        [12] = ("annotations", TextMap),
    };

    private static readonly Message Unknown = new() { [1] = ("typeMeta", new() { [1] = ("apiVersion", Text), [2] = ("kind", Text) }) };

    private static readonly Dictionary<string, Message> Kinds = new()
    {
        // As much of it as its approval needs.
        ["CertificateSigningRequest"] = new()
        {
            [1] = ("metadata", Metadata),
            [3] = (
                "status",
                new()
                {
                    [1] = (
                        "conditions",
                        new()
                        {
                            IsList = true,
                            [1] = ("type", Text),
                            [2] = ("reason", Text),
                            [3] = ("message", Text),
                            [6] = ("status", Text),
                        }
                    ),
                }
            ),
        },
        ["SelfSubjectReview"] = new() { [1] = ("metadata", Metadata) },
        ["SelfSubjectRulesReview"] = new() { [1] = ("metadata", Metadata), [2] = ("spec", new() { [1] = ("namespace", Text) }) },
    };

    public static JsonObject Read(byte[] body)
    {
        if (!body.AsSpan().StartsWith(Magic))
            throw Refused();
        var envelope = body.AsSpan(Magic.Length);
        var type = Read(envelope, Unknown)["typeMeta"];
        if (type.At("kind").Text() is not { } kind || !Kinds.TryGetValue(kind, out var message))
            throw Refused();
        var json = new JsonObject();
        foreach (var field in Fields(envelope))
        {
            if (field.Number == 2)
                json = Read(envelope[field.Content], message);
        }
        json["kind"] = kind;
        json["apiVersion"] = type.At("apiVersion").Text();
        return json;
    }

    private static JsonObject Read(ReadOnlySpan<byte> bytes, Message message)
    {
        var json = new JsonObject();
        foreach (var (number, content) in Fields(bytes))
        {
            if (!message.TryGetValue(number, out var field))
                continue;
            var value = bytes[content];
            if (ReferenceEquals(field.Type, TextMap))
                AddEntry(json.Make(field.Name), value);
            else if (field.Type.IsList)
                ((JsonArray)(json[field.Name] ??= new JsonArray())).Add(Read(value, field.Type));
            else
                json[field.Name] = ReferenceEquals(field.Type, Text) ? Encoding.UTF8.GetString(value) : Read(value, field.Type);
        }
        return json;
    }

    private static void AddEntry(JsonObject map, ReadOnlySpan<byte> entry)
    {
        string key = "",
            text = "";
        foreach (var (number, content) in Fields(entry))
        {
            if (number == 1)
                key = Encoding.UTF8.GetString(entry[content]);
            else if (number == 2)
                text = Encoding.UTF8.GetString(entry[content]);
        }
        map[key] = text;
    }

    // The length-delimited fields; numbers are none that these kinds need.
    private static List<(int Number, Range Content)> Fields(ReadOnlySpan<byte> bytes)
    {
        var fields = new List<(int, Range)>();
        for (var at = 0; at < bytes.Length; )
        {
            var tag = Varint(bytes, ref at);
            switch (tag & 7)
            {
                case 0:
                    Varint(bytes, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    var length = (int)Math.Min(Varint(bytes, ref at), int.MaxValue);
                    if (length > bytes.Length - at)
                        throw Refused();
                    fields.Add(((int)(tag >> 3), at..(at + length)));
                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw Refused();
            }
        }
        return fields;
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= bytes.Length)
                throw Refused();
            var part = bytes[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
                return value;
        }
        throw Refused();
    }

    private static ApiError Refused() =>
        ApiError.UnsupportedMedia("the body of the request was in an unknown format - accepted media types include: application/json");

    /// <summary>The fields of a message, by number.</summary>
    private sealed class Message : Dictionary<int, (string Name, Message Type)>
    {
        /// <summary>Whether the field of this type may come several times.</summary>
        public bool IsList { get; init; }
    }
}
