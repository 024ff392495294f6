using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>How an object is to be deleted (<c>meta/v1 DeleteOptions</c>).</summary>
internal sealed record DeleteOptions(
    long? GracePeriodSeconds = null,
    string Propagation = "Background",
    string? Uid = null,
    string? ResourceVersion = null,
    bool DryRun = false
)
{
    public static DeleteOptions Read(JsonObject? body, string? grace, string? propagation, bool dryRun)
    {
        var orphan = body?["orphanDependents"];
        return new(
            body?["gracePeriodSeconds"].Number() ?? (long.TryParse(grace, out var seconds) ? seconds : null),
            body.Text("propagationPolicy") ?? propagation ?? (orphan.Flag() ? "Orphan" : "Background"),
            body.At("preconditions", "uid").Text(),
            body.At("preconditions", "resourceVersion").Text(),
            dryRun || body.Array("dryRun") is { Count: > 0 }
        );
    }
}
