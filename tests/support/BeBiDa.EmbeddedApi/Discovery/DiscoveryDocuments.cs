using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Discovery;

/// <summary>What the server says about itself: its version and the resources that it serves.</summary>
internal static class DiscoveryDocuments
{
    private static readonly string[] ObjectVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] PartVerbs = ["get", "patch", "update"];
    private static readonly string[] CreateVerb = ["create"];

    public static readonly byte[] Version = Json.Write(
        new JsonObject
        {
            ["major"] = "1",
            ["minor"] = "36",
            ["gitVersion"] = "v1.36.0+embedded",
            ["gitCommit"] = "0000000000000000000000000000000000000000",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "2026-01-01T00:00:00Z",
            ["goVersion"] = "none",
            ["compiler"] = "none",
            ["platform"] = "linux/amd64",
        }
    );

    /// <summary>The resources of v1 in the older form, in which kubectl drain looks for pods/eviction before it evicts.</summary>
    public static readonly byte[] CoreResources = Json.Write(
        new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = "v1",
            ["resources"] = new JsonArray([
                .. Subresources(ResourceTypes.Pods)
                    .Select(part => new JsonObject
                    {
                        ["name"] = $"pods/{part.Name}",
                        ["singularName"] = "",
                        ["namespaced"] = true,
                        ["group"] = part.Group,
                        ["version"] = part.Version,
                        ["kind"] = part.Kind,
                        ["verbs"] = Strings(part.Verbs),
                    }),
            ]),
        }
    );

    /// <summary>Aggregated discovery (apidiscovery.k8s.io/v2): everything in one answer.</summary>
    public static byte[] Aggregated(bool core)
    {
        var groups = ResourceTypes.All.Where(type => type.Group.Length == 0 == core).GroupBy(type => type.Group);
        return Json.Write(
            new JsonObject
            {
                ["kind"] = "APIGroupDiscoveryList",
                ["apiVersion"] = "apidiscovery.k8s.io/v2",
                ["metadata"] = new JsonObject(),
                ["items"] = new JsonArray([.. groups.Select(AggregatedGroup)]),
            }
        );
    }

    private static IEnumerable<(string Name, string Group, string Version, string Kind, string[] Verbs)> Subresources(ResourceType type)
    {
        if (type.HasStatus)
            yield return ("status", "", "", type.Kind, PartVerbs);
        switch (type.Plural)
        {
            case "pods":
                yield return ("binding", "", "", "Binding", CreateVerb);
                yield return ("eviction", "policy", "v1", "Eviction", CreateVerb);
                break;
            case "serviceaccounts":
                yield return ("token", "authentication.k8s.io", "v1", "TokenRequest", CreateVerb);
                break;
            case "certificatesigningrequests":
                yield return ("approval", "", "", type.Kind, PartVerbs);
                break;
        }
    }

    private static JsonObject AggregatedGroup(IGrouping<string, ResourceType> group) =>
        new()
        {
            ["metadata"] = group.Key.Length > 0 ? new JsonObject { ["name"] = group.Key } : new JsonObject(),
            ["versions"] = new JsonArray([
                .. group
                    .GroupBy(type => type.Version)
                    .Select(version => new JsonObject
                    {
                        ["version"] = version.Key,
                        ["freshness"] = "Current",
                        ["resources"] = new JsonArray([.. version.Select(AggregatedResource)]),
                    }),
            ]),
        };

    private static JsonObject AggregatedResource(ResourceType type)
    {
        var one = new JsonObject
        {
            ["resource"] = type.Plural,
            ["responseKind"] = new JsonObject
            {
                ["group"] = type.Group,
                ["version"] = type.Version,
                ["kind"] = type.Kind,
            },
            ["scope"] = type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = type.Singular,
            ["verbs"] = Strings(type.CreateOnly ? CreateVerb : ObjectVerbs),
        };
        if (type.ShortNames.Length > 0)
            one["shortNames"] = Strings(type.ShortNames);
        if (type.Categories.Length > 0)
            one["categories"] = Strings(type.Categories);
        var parts = Subresources(type)
            .Select(part => new JsonObject
            {
                ["subresource"] = part.Name,
                ["responseKind"] = new JsonObject
                {
                    ["group"] = part.Version.Length > 0 ? part.Group : type.Group,
                    ["version"] = part.Version.Length > 0 ? part.Version : type.Version,
                    ["kind"] = part.Kind,
                },
                ["verbs"] = Strings(part.Verbs),
            })
            .ToArray<JsonNode>();
        if (parts.Length > 0)
            one["subresources"] = new JsonArray(parts);
        return one;
    }

    private static JsonArray Strings(string[] values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
