using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Rbac;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>A request understood: the resource that its path names and the verb that it means.</summary>
internal sealed record ApiRequest(HttpContext Http, ResourceType Type, string Verb, string Namespace, string Name, string Subresource)
{
    public User User { get; init; } = User.Anonymous;

    public string? Query(string name) => Http.Request.Query.TryGetValue(name, out var values) ? values.ToString() : null;

    public bool QueryFlag(string name) => Query(name) is "true" or "1" or "True";

    public AccessRequest Access => new(Verb, Type.Group, Type.Plural, Subresource, Namespace, Name);

    /// <summary>Reads <c>/api/v1/…</c> and <c>/apis/group/version/…</c>; null for a path that names no resource.</summary>
    public static ApiRequest? Read(HttpContext http)
    {
        var path = http.Request.Path.Value!.Trim('/').Split('/');
        int at;
        string group;
        switch (path[0])
        {
            case "api" when path.Length > 2:
                group = "";
                at = 1;
                break;
            case "apis" when path.Length > 3:
                group = path[1];
                at = 2;
                break;
            default:
                return null;
        }
        var version = path[at++];
        var rest = path.AsSpan(at);
        var space = "";
        if (rest.Length > 2 && rest[0] == "namespaces" && rest[2] is not "status")
        {
            space = rest[1];
            rest = rest[2..];
        }
        if (!ResourceTypes.All.Any(known => known.Group == group && known.Version == version))
            return null;
        if (rest.Length > 3 || ResourceTypes.Find(group, version, rest[0]) is not { } type)
            throw ApiError.NoSuchPath();
        var name = rest.Length > 1 ? rest[1] : "";
        var subresource = rest.Length > 2 ? rest[2] : "";
        if (space.Length > 0 && !type.Namespaced)
            throw ApiError.NoSuchPath();
        return new(http, type, VerbOf(http, name), space, name, subresource);
    }

    private static string VerbOf(HttpContext http, string name)
    {
        var method = http.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
        {
            if (http.Request.Query.TryGetValue("watch", out var watch) && watch.ToString() is "true" or "1" or "")
                return "watch";
            return name.Length > 0 ? "get" : "list";
        }
        if (HttpMethods.IsPost(method))
            return "create";
        if (HttpMethods.IsPut(method))
            return "update";
        if (HttpMethods.IsPatch(method))
            return "patch";
        if (HttpMethods.IsDelete(method))
            return name.Length > 0 ? "delete" : "deletecollection";
        throw ApiError.MethodNotAllowed();
    }
}
