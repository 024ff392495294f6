using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>How an object is to be deleted (<c>meta/v1 DeleteOptions</c>).</summary>
internal sealed record DeleteOptions(
    long? GracePeriodSeconds = null,
    string Propagation = "Background",
    string? Uid = null,
    string? ResourceVersion = null
)
{
    public static DeleteOptions Read(JsonObject? body, string? grace, string? propagation)
    {
        return new(
            body?["gracePeriodSeconds"].Number() ?? (long.TryParse(grace, out var seconds) ? seconds : null),
            body.Text("propagationPolicy") ?? propagation ?? "Background",
            body.At("preconditions", "uid").Text(),
            body.At("preconditions", "resourceVersion").Text()
        );
    }
}
