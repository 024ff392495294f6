using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Discovery;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Rbac;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>A request's way: who is it, what goes wrong, what does it want, may it, and the answer.</summary>
internal sealed class ApiHandler(
    Authenticator authenticator,
    Authorizer authorizer,
    FaultPlan faults,
    Requests requests,
    ResourceEndpoint resources
)
{
    private static readonly object UserKey = new();

    public async Task HandleAsync(HttpContext http, CancellationToken stopping)
    {
        try
        {
            var request = ApiRequest.Read(http);
            var verb = request?.Verb ?? http.Request.Method.ToLowerInvariant();
            var resource = request?.Access.Described ?? http.Request.Path.Value!;
            requests.Begin(http, verb, resource);
            if (!await faults.MeetAsync(http, verb, resource))
                return;
            var user = Authenticate(http);
            requests.CountUser(user.Name);
            var access = request?.Access ?? new AccessRequest(verb, "", "", "", "", "", http.Request.Path.Value!);
            if (!authorizer.Allows(user, access))
                throw Authorizer.Forbidden(user, access);
            if (faults.LosesAnswer(http, verb, resource))
                await AnswerNobodyAsync(http, request is null ? null : request with { User = user }, stopping);
            else if (request is not null)
                await resources.HandleAsync(request with { User = user }, stopping);
            else
                await DescribeAsync(http);
            Requests.CountSent(http, http.Response.ContentLength ?? 0);
        }
        catch (ApiError error) when (!http.Response.HasStarted)
        {
            await http.WriteAsync(error);
            Requests.CountSent(http, http.Response.ContentLength ?? 0);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (Exception error) when (error is not (ApiError or OperationCanceledException) && !http.Response.HasStarted)
        {
            await http.WriteAsync(new ApiError(500, "InternalError", $"Internal error occurred: {error}", []));
        }
    }

    private async Task AnswerNobodyAsync(HttpContext http, ApiRequest? request, CancellationToken stopping)
    {
        http.Response.Body = Stream.Null;
        try
        {
            if (request is not null)
                await resources.HandleAsync(request, stopping);
        }
        finally
        {
            FaultPlan.Cut(http);
        }
    }

    private User Authenticate(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return authenticator.ByToken(header[7..].Trim());
        if (http.Connection.ClientCertificate is not { } certificate)
            return User.Anonymous;
        // A connection keeps its certificate, which is looked at once.
        var kept = http.Features.Get<IConnectionItemsFeature>()?.Items;
        if (kept?.TryGetValue(UserKey, out var known) == true)
            return (User)known!;
        var user = authenticator.ByCertificate(certificate);
        if (kept is not null)
        {
            lock (kept)
                kept[UserKey] = user;
        }
        return user;
    }

    private async Task DescribeAsync(HttpContext http)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
            throw ApiError.MethodNotAllowed();
        var path = http.Request.Path.Value!.Trim('/').Split('/');
        switch (path)
        {
            case ["healthz" or "livez" or "readyz", ..]:
                await http.WriteAsync("ok"u8.ToArray(), contentType: "text/plain; charset=utf-8");
                break;
            case ["version"]:
                await http.WriteAsync(DiscoveryDocuments.Version);
                break;
            case ["api" or "apis"]:
                await http.WriteAsync(
                    DiscoveryDocuments.Aggregated(path[0] == "api"),
                    contentType: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
                );
                break;
            case ["api", "v1"]:
                await http.WriteAsync(DiscoveryDocuments.CoreResources);
                break;
            case ["openapi", "v3"]:
                await http.WriteAsync(OpenApi.Index);
                break;
            case ["openapi", "v3", .. var rest] when OpenApi.Document(string.Join('/', rest)) is { } found:
                await http.WriteAsync(found);
                break;
            default:
                await http.WriteAsync("404 page not found\n"u8.ToArray(), 404, "text/plain; charset=utf-8");
                break;
        }
    }
}
