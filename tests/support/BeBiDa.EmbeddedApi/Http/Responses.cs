using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>Reads and writes whole bodies.</summary>
internal static class Responses
{
    public static ValueTask WriteAsync(this HttpContext http, byte[] body, int status = 200, string contentType = "application/json")
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        if (HttpMethods.IsHead(http.Request.Method))
            return ValueTask.CompletedTask;
        var write = response.BodyWriter.WriteAsync(body, http.RequestAborted);
        return write.IsCompletedSuccessfully ? ValueTask.CompletedTask : new(write.AsTask());
    }

    public static ValueTask WriteAsync(this HttpContext http, JsonObject body, int status = 200) =>
        http.WriteAsync(Json.Write(body), status);

    public static ValueTask WriteAsync(this HttpContext http, ApiError error)
    {
        if (error.RetryAfter is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString();
        return http.WriteAsync(error.ToStatus(), error.Code);
    }

    public static async Task<byte[]> ReadBodyAsync(this HttpContext http)
    {
        using var buffer = new MemoryStream((int)(http.Request.ContentLength ?? 1024));
        await http.Request.Body.CopyToAsync(buffer, http.RequestAborted);
        return buffer.ToArray();
    }

    /// <summary>The body as a JSON object; null when it is empty.</summary>
    public static async Task<JsonObject?> ReadObjectAsync(this HttpContext http)
    {
        var body = await http.ReadBodyAsync();
        if (body.Length == 0)
            return null;
        var type = http.Request.ContentType?.Split(';')[0].Trim();
        if (type == Protobuf.MediaType)
            return Protobuf.Read(body);
        if (type is not (null or "" or "application/json" or "*/*"))
            throw ApiError.UnsupportedMedia(
                $"the body of the request was in an unknown format - accepted media types include: application/json"
            );
        return Parse(body) as JsonObject ?? throw ApiError.BadRequest("the body of the request is not a JSON object");
    }

    public static JsonNode? Parse(byte[] body)
    {
        try
        {
            return Json.Parse(body);
        }
        catch (System.Text.Json.JsonException error)
        {
            throw ApiError.BadRequest($"the object provided is unrecognized (must be of type JSON): {error.Message}");
        }
    }
}
