using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Patches;
using BeBiDa.EmbeddedApi.Registry;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>The verbs on objects: get, list, watch, create, update, patch, delete.</summary>
internal sealed class ResourceEndpoint(
    ObjectRegistry registry,
    Deletion deletion,
    Lists lists,
    Watches watches,
    Subresources subresources,
    Reviews reviews
)
{
    private const int LongestManager = 128;

    public async Task HandleAsync(ApiRequest request, CancellationToken stopping)
    {
        var http = request.Http;
        var type = request.Type;
        if (request.Subresource.Length > 0 && !(request.Subresource == "status" && type.HasStatus))
        {
            await subresources.HandleAsync(request);
            return;
        }
        if (type.CreateOnly)
        {
            if (request.Verb != "create")
                throw ApiError.MethodNotAllowed();
            await reviews.HandleAsync(request);
            return;
        }
        var form = Representation.Of(request, registry.Clock);
        switch (request.Verb)
        {
            case "get":
                await http.WriteAsync(form.One(registry.Get(type, request.Namespace, request.Name)));
                break;
            case "list":
                var (objects, metadata) = lists.Read(request);
                await http.WriteAsync(form.Many(objects, metadata));
                break;
            case "watch":
                await watches.RunAsync(request, form, stopping);
                break;
            case "create" when request.Name.Length == 0:
                RequireNamespaceInPath(request);
                var body = await BodyAsync(http);
                if (type == ResourceTypes.CertificateRequests)
                    CertificateRequests.Prepare(body, request.User);
                await http.WriteAsync(form.One(registry.Create(type, request.Namespace, body, Options(request))), 201);
                break;
            case "update" when request.Name.Length > 0:
                await UpdateAsync(request, form);
                break;
            case "patch" when request.Name.Length > 0:
                await PatchAsync(request, form);
                break;
            case "delete":
                await DeleteAsync(request, form);
                break;
            case "deletecollection":
                await DeleteCollectionAsync(request, form);
                break;
            default:
                throw ApiError.MethodNotAllowed();
        }
    }

    /// <summary>The field manager and the flags that a request's query states.</summary>
    public static WriteOptions Options(ApiRequest request)
    {
        var manager = request.Query("fieldManager");
        if (manager is { Length: > LongestManager })
            throw ApiError.InvalidOptions(OptionsKind(request), "fieldManager", $"Too long: may not be more than {LongestManager} bytes");
        if (string.IsNullOrEmpty(manager))
        {
            var agent = request.Http.Request.Headers.UserAgent.ToString();
            var end = agent.IndexOf('/', StringComparison.Ordinal);
            manager = end >= 0 ? agent[..end] : agent;
            manager =
                manager.Length > LongestManager ? manager[..LongestManager]
                : manager.Length == 0 ? "unknown"
                : manager;
        }
        return new(manager, request.QueryFlag("force"));
    }

    private static string OptionsKind(ApiRequest request) =>
        request.Verb switch
        {
            "create" => "CreateOptions",
            "update" => "UpdateOptions",
            _ => "PatchOptions",
        };

    public static async Task<JsonObject> BodyAsync(HttpContext http) =>
        await http.ReadObjectAsync() ?? throw ApiError.BadRequest("the request has no body");

    private static void RequireNamespaceInPath(ApiRequest request)
    {
        if (request.Type.Namespaced && request.Namespace.Length == 0)
            throw ApiError.MethodNotAllowed();
    }

    private async Task UpdateAsync(ApiRequest request, Representation form)
    {
        var type = request.Type;
        var body = await BodyAsync(request.Http);
        var options = Options(request);
        var updated = registry.Update(
            type,
            request.Namespace,
            request.Name,
            request.Subresource,
            options,
            current =>
            {
                if (body.At("metadata", "uid").Text() is { Length: > 0 } uid && uid != current.Uid)
                {
                    throw ApiError.Conflict(
                        type,
                        request.Name,
                        $"StorageError: invalid object, Code: 4, Key: /registry/{type.Plural}/{current.Key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}"
                    );
                }
                return body.Copy();
            }
        );
        await request.Http.WriteAsync(form.One(updated));
    }

    private async Task PatchAsync(ApiRequest request, Representation form)
    {
        var type = request.Type;
        var options = Options(request);
        var content = request.Http.Request.ContentType?.Split(';')[0].Trim();
        if (content is not ("application/apply-patch+yaml" or "application/merge-patch+json" or "application/strategic-merge-patch+json"))
            throw ApiError.UnsupportedMedia("415: Unsupported Media Type");
        var patch = Responses.Parse(await request.Http.ReadBodyAsync());
        if (content == "application/apply-patch+yaml")
        {
            if (string.IsNullOrEmpty(request.Query("fieldManager")))
                throw ApiError.InvalidOptions("PatchOptions", "fieldManager", "Required value: is required for apply patch");
            var config = patch as JsonObject ?? throw ApiError.BadRequest("an apply configuration must be an object");
            var (applied, created) = registry.Apply(type, request.Namespace, request.Name, request.Subresource, config, options);
            await request.Http.WriteAsync(form.One(applied), created ? 201 : 200);
            return;
        }
        Func<JsonObject, JsonNode?> change = content switch
        {
            "application/merge-patch+json" => json => MergePatch.Apply(json, patch),
            _ => json => StrategicMergePatch.Apply(json, patch, type.Schema),
        };
        if (request.Query("force") is not null)
            throw ApiError.InvalidOptions("PatchOptions", "force", "Forbidden: may not be specified for non-apply patch");
        var patched = registry.Update(
            type,
            request.Namespace,
            request.Name,
            request.Subresource,
            options,
            current => change(current.Json) as JsonObject ?? throw ApiError.BadRequest("the patch leaves no object")
        );
        await request.Http.WriteAsync(form.One(patched));
    }

    private async Task DeleteAsync(ApiRequest request, Representation form)
    {
        var options = await DeleteOptionsAsync(request);
        var (last, gone) = deletion.Delete(request.Type, request.Namespace, request.Name, options);
        if (gone && request.Type != ResourceTypes.Pods)
        {
            var details = ApiError.Details(request.Type, request.Name);
            details["uid"] = last.Uid;
            await request.Http.WriteAsync(Success(details));
            return;
        }
        await request.Http.WriteAsync(form.One(last));
    }

    private async Task DeleteCollectionAsync(ApiRequest request, Representation form)
    {
        RequireNamespaceInPath(request);
        var options = await DeleteOptionsAsync(request);
        var (objects, metadata) = lists.Read(request);
        foreach (var one in objects)
        {
            try
            {
                deletion.Delete(request.Type, one.Namespace ?? "", one.Name, options);
            }
            catch (ApiError error) when (error.Code == 404)
            {
                // Someone else deleted it meanwhile.
            }
        }
        await request.Http.WriteAsync(form.Many(objects, metadata));
    }

    private static async Task<DeleteOptions> DeleteOptionsAsync(ApiRequest request) =>
        DeleteOptions.Read(await request.Http.ReadObjectAsync(), request.Query("gracePeriodSeconds"), request.Query("propagationPolicy"));

    public static JsonObject Success(JsonObject? details = null, int? code = null)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
        };
        if (details is not null)
            status["details"] = details;
        if (code is not null)
            status["code"] = code;
        return status;
    }
}
