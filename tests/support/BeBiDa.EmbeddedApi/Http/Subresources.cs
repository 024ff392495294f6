using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Pods;
using BeBiDa.EmbeddedApi.Registry;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>The subresources that are more than a part of their object: eviction, binding, token, approval.</summary>
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
            default:
                throw ApiError.NoSuchPath();
        }
    }

    private async Task EvictAsync(ApiRequest request)
    {
        var body = await ResourceEndpoint.BodyAsync(request.Http);
        if (body.Text("apiVersion") is { } version and not "policy/v1")
            throw ApiError.BadRequest($"no kind \"Eviction\" is registered for version \"{version}\"");
        if (body.At("metadata", "name").Text() is { } stated && stated != request.Name)
            throw ApiError.BadRequest("name in URL does not match name in Eviction object");
        var options = DeleteOptions.Read(body.Object("deleteOptions"), null, null);
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
}
