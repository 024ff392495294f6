using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Patches;
using BeBiDa.EmbeddedApi.Registry;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>Certificates that are asked for (certificates.k8s.io/v1): taken and approved here. Signing them is a controller's work, not the API server's.</summary>
internal static class CertificateRequests
{
    /// <summary>Refuses what is no request, and notes who asks: that is never the client's to say.</summary>
    public static void Prepare(JsonObject body, User user)
    {
        var name = body.At("metadata", "name").Text() ?? "";
        var spec = body.Make("spec");
        if (spec.Array("usages") is not { Count: > 0 })
            throw ApiError.Invalid(ResourceTypes.CertificateRequests, name, "spec.usages", "Required value");
        if (spec.Text("signerName") is not { Length: > 0 })
            throw ApiError.Invalid(ResourceTypes.CertificateRequests, name, "spec.signerName", "Required value");
        try
        {
            CertificateRequest.LoadSigningRequestPem(
                Encoding.UTF8.GetString(Convert.FromBase64String(spec.Text("request") ?? "")),
                HashAlgorithmName.SHA256
            );
        }
        catch (Exception error) when (error is FormatException or CryptographicException or ArgumentException)
        {
            throw ApiError.Invalid(
                ResourceTypes.CertificateRequests,
                name,
                "spec.request",
                "Invalid value: PEM block type must be CERTIFICATE REQUEST"
            );
        }
        spec["username"] = user.Name;
        spec["groups"] = new JsonArray([.. user.Groups.Select(group => JsonValue.Create(group))]);
    }

    /// <summary>Sets the conditions, and nothing else.</summary>
    public static JsonObject Approve(ObjectRegistry registry, ApiRequest request, JsonObject body)
    {
        var now = Timestamps.Seconds(registry.Clock.GetUtcNow());
        return registry
            .Update(
                request.Type,
                "",
                request.Name,
                "status",
                ResourceEndpoint.Options(request),
                current =>
                {
                    var wanted = request.Verb == "patch" ? MergePatch.Apply(current.Json, body) as JsonObject : body;
                    if (
                        wanted.At("metadata", "resourceVersion").Text() is { Length: > 0 } version
                        && version != current.Metadata.Text("resourceVersion")
                    )
                        throw ApiError.Modified(request.Type, request.Name);
                    var next = current.Json.Copy();
                    var conditions = wanted.At("status", "conditions")?.DeepClone() as JsonArray ?? [];
                    foreach (var condition in conditions.OfType<JsonObject>())
                    {
                        condition.Default("lastUpdateTime", now);
                        condition.Default("lastTransitionTime", now);
                    }
                    next.Make("status")["conditions"] = conditions;
                    return next;
                }
            )
            .Json;
    }
}
