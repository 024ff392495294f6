using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Patches;
using BeBiDa.EmbeddedApi.Pods;
using BeBiDa.EmbeddedApi.Registry;
using BeBiDa.EmbeddedApi.ServerSideApply;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>The subresources that are more than a part of their object: eviction, binding, scale, token, approval, finalize.</summary>
internal sealed class Subresources(ObjectRegistry registry, Eviction eviction, Authenticator authenticator)
{
    // In seconds (pkg/apis/authentication/validation).
    private const long ShortestToken = 600;

    public async Task HandleAsync(ApiRequest request)
    {
        switch (request.Type.Plural, request.Subresource, request.Verb)
        {
            case ("pods", "eviction", "create"):
                await EvictAsync(request);
                break;
            case ("pods", "binding", "create"):
                Binding.Bind(registry, request.Namespace, request.Name, await ResourceEndpoint.BodyAsync(request.Http));
                await request.Http.WriteAsync(ResourceEndpoint.Success(code: 201), 201);
                break;
            case ("serviceaccounts", "token", "create"):
                await IssueTokenAsync(request);
                break;
            case ("certificatesigningrequests", "approval", "update" or "patch"):
                var decision =
                    request.Verb == "patch"
                        ? Responses.Parse(await request.Http.ReadBodyAsync()) as JsonObject
                        : await ResourceEndpoint.BodyAsync(request.Http);
                await request.Http.WriteAsync(
                    CertificateRequests.Approve(registry, request, decision ?? throw ApiError.BadRequest("the patch is no object"))
                );
                break;
            case ("namespaces", "finalize", "update"):
                await request.Http.WriteAsync(registry.Get(request.Type, "", request.Name).Bytes);
                break;
            case (_, "scale", "get") when request.Type.HasScale:
                await request.Http.WriteAsync(Scale(registry.Get(request.Type, request.Namespace, request.Name)));
                break;
            case (_, "scale", "update" or "patch") when request.Type.HasScale:
                await RescaleAsync(request);
                break;
            default:
                throw ApiError.NoSuchPath();
        }
    }

    private async Task EvictAsync(ApiRequest request)
    {
        var body = await ResourceEndpoint.BodyAsync(request.Http);
        if (body.Text("apiVersion") is { } version && version is not ("policy/v1" or "policy/v1beta1"))
            throw ApiError.BadRequest($"no kind \"Eviction\" is registered for version \"{version}\"");
        if (body.At("metadata", "name").Text() is { } stated && stated != request.Name)
            throw ApiError.BadRequest("name in URL does not match name in Eviction object");
        var options = DeleteOptions.Read(body.Object("deleteOptions"), null, null, request.DryRun);
        eviction.Evict(request.Namespace, request.Name, options);
        await request.Http.WriteAsync(ResourceEndpoint.Success(code: 201), 201);
    }

    private async Task IssueTokenAsync(ApiRequest request)
    {
        registry.Get(request.Type, request.Namespace, request.Name);
        var body = await ResourceEndpoint.BodyAsync(request.Http);
        var seconds = body.At("spec", "expirationSeconds").Number() ?? 3600;
        if (seconds < ShortestToken)
            throw ApiError.Invalid(
                "TokenRequest",
                "authentication.k8s.io",
                "",
                "spec.expirationSeconds",
                $"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
            );
        var (token, until) = authenticator.IssueToken(request.Namespace, request.Name, TimeSpan.FromSeconds(seconds));
        var answer = body.Copy();
        answer["kind"] = "TokenRequest";
        answer["apiVersion"] = "authentication.k8s.io/v1";
        answer.Make("spec")["expirationSeconds"] = seconds;
        answer["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Timestamps.Seconds(until) };
        await request.Http.WriteAsync(answer, 201);
    }

    private async Task RescaleAsync(ApiRequest request)
    {
        var body = Responses.Parse(await request.Http.ReadBodyAsync());
        var content = request.Http.Request.ContentType?.Split(';')[0].Trim();
        var updated = registry.Update(
            request.Type,
            request.Namespace,
            request.Name,
            "scale",
            ResourceEndpoint.Options(request),
            current =>
            {
                var scale = Scale(current);
                var wanted =
                    request.Verb == "update"
                        ? body as JsonObject
                        : content switch
                        {
                            "application/json-patch+json" => JsonPatch.Apply(scale, body) as JsonObject,
                            "application/merge-patch+json" => MergePatch.Apply(scale, body) as JsonObject,
                            "application/strategic-merge-patch+json" => StrategicMergePatch.Apply(scale, body, Schema.Plain) as JsonObject,
                            _ => throw ApiError.UnsupportedMedia("a scale takes JSON, merge and strategic merge patches"),
                        };
                if (
                    wanted.At("metadata", "resourceVersion").Text() is { Length: > 0 } version
                    && version != current.Metadata.Text("resourceVersion")
                )
                    throw ApiError.Modified(request.Type, request.Name);
                var next = current.Json.Copy();
                next.Make("spec")["replicas"] = wanted.At("spec", "replicas").Number() ?? 0;
                return next;
            }
        );
        await request.Http.WriteAsync(Scale(updated));
    }

    private static JsonObject Scale(StoredObject stored)
    {
        var metadata = new JsonObject();
        foreach (var name in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            metadata[name] = stored.Metadata[name]?.DeepClone();
        var labels = stored.Json.At("spec", "selector", "matchLabels") as JsonObject ?? [];
        return new()
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = stored.Json.At("spec", "replicas").Number() ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = stored.Json.At("status", "replicas").Number() ?? 0,
                ["selector"] = string.Join(',', labels.Select(label => $"{label.Key}={label.Value.Text()}")),
            },
        };
    }
}
