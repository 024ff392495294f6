using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Storage;
using BeBiDa.EmbeddedApi.Tables;

namespace BeBiDa.EmbeddedApi.Http;

internal enum Form
{
    Whole,
    Metadata,
    Table,
}

/// <summary>The form in which a client wants objects (the Accept header): whole, their metadata alone, or as table rows.</summary>
internal sealed record Representation(Form Form, ResourceType Type, TimeProvider Clock)
{
    public static Representation Of(ApiRequest request, TimeProvider clock)
    {
        return new(FormOf(request.Http.Request.Headers.Accept.ToString()), request.Type, clock);
    }

    public byte[] One(StoredObject stored) =>
        Form switch
        {
            Form.Metadata => stored.MetadataBytes,
            Form.Table => Json.Write(
                Table.Of(
                    Type,
                    [stored.Json],
                    new JsonObject { ["resourceVersion"] = stored.Metadata["resourceVersion"]?.DeepClone() },
                    Clock.GetUtcNow()
                )
            ),
            _ => stored.Bytes,
        };

    /// <summary>A list, from the bytes that each object already has.</summary>
    public byte[] Many(IReadOnlyList<StoredObject> objects, JsonObject metadata)
    {
        if (Form == Form.Table)
            return Json.Write(Table.Of(Type, objects.Select(stored => stored.Json), metadata, Clock.GetUtcNow()));
        var (kind, version) =
            Form == Form.Metadata ? ("PartialObjectMetadataList", "meta.k8s.io/v1") : (Type.Kind + "List", Type.ApiVersion);
        var head = Encoding.UTF8.GetBytes(
            $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{version}\",\"metadata\":{Json.Compact(metadata)},\"items\":["
        );
        var parts = new byte[objects.Count][];
        var length = head.Length + Math.Max(0, objects.Count - 1) + 2;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = One(objects[i]);
            length += parts[i].Length;
        }
        var body = new byte[length];
        head.CopyTo(body, 0);
        var at = head.Length;
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                body[at++] = (byte)',';
            parts[i].CopyTo(body, at);
            at += parts[i].Length;
        }
        body[at++] = (byte)']';
        body[at] = (byte)'}';
        return body;
    }

    private static Form FormOf(string accept)
    {
        if (accept.Length == 0)
            return Form.Whole;
        foreach (var choice in accept.Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = choice.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not ("application/json" or "application/*" or "*/*"))
                continue;
            var parameters = parts
                .Skip(1)
                .Select(part => part.Split('=', 2))
                .Where(pair => pair.Length == 2)
                .ToDictionary(pair => pair[0], pair => pair[1]);
            switch (parameters.GetValueOrDefault("as"))
            {
                case null:
                    return Form.Whole;
                case "Table" when parameters.GetValueOrDefault("v") == "v1":
                    return Form.Table;
                case "PartialObjectMetadata" or "PartialObjectMetadataList" when parameters.GetValueOrDefault("v") == "v1":
                    return Form.Metadata;
            }
        }
        throw new ApiError(
            406,
            "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            []
        );
    }
}
