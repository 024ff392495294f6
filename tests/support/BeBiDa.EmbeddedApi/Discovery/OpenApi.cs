using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Discovery;

/// <summary>
/// OpenAPI documents, as far as kubectl reads them before it writes: which kinds can be patched, with which
/// parameters. They describe no fields, so kubectl validates nothing itself and leaves it to the server.
/// </summary>
internal static class OpenApi
{
    private static readonly string[] QueryParameters = ["dryRun", "fieldManager", "fieldValidation", "force"];

    /// <summary>The index of /openapi/v3.</summary>
    public static readonly byte[] Index = Json.Write(
        new JsonObject
        {
            ["paths"] = new JsonObject(
                ResourceTypes
                    .All.Select(GroupVersionPath)
                    .Distinct()
                    .Select(path => new KeyValuePair<string, JsonNode?>(
                        path,
                        new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash=0" }
                    ))
            ),
        }
    );

    /// <summary>The document of one group version, such as <c>apis/apps/v1</c>; null when there is none.</summary>
    public static byte[]? Document(string groupVersion)
    {
        var types = ResourceTypes.All.Where(type => GroupVersionPath(type) == groupVersion).ToList();
        if (types.Count == 0)
            return null;
        return Json.Write(
            new JsonObject
            {
                ["openapi"] = "3.0.0",
                ["info"] = Info(),
                ["paths"] = Paths(types),
                ["components"] = new JsonObject { ["schemas"] = new JsonObject() },
            }
        );
    }

    private static string GroupVersionPath(ResourceType type) =>
        type.Group.Length == 0 ? $"api/{type.Version}" : $"apis/{type.Group}/{type.Version}";

    private static JsonObject Info() => new() { ["title"] = "Kubernetes", ["version"] = "v1.36.0" };

    private static JsonObject Paths(IEnumerable<ResourceType> types)
    {
        var paths = new JsonObject();
        foreach (var type in types)
        {
            var root = "/" + GroupVersionPath(type) + (type.Namespaced ? "/namespaces/{namespace}/" : "/") + type.Plural;
            if (type.CreateOnly)
            {
                paths[root] = new JsonObject { ["post"] = Operation(type, "post") };
                continue;
            }
            paths[root] = new JsonObject { ["post"] = Operation(type, "post") };
            paths[root + "/{name}"] = new JsonObject { ["patch"] = Operation(type, "patch"), ["put"] = Operation(type, "put") };
        }
        return paths;
    }

    private static JsonObject Operation(ResourceType type, string action)
    {
        var parameters = new JsonArray();
        foreach (var name in QueryParameters)
        {
            parameters.Add(
                new JsonObject
                {
                    ["name"] = name,
                    ["in"] = "query",
                    ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
                }
            );
        }
        return new()
        {
            ["parameters"] = parameters,
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = new JsonObject
            {
                ["group"] = type.Group,
                ["version"] = type.Version,
                ["kind"] = type.Kind,
            },
        };
    }
}
