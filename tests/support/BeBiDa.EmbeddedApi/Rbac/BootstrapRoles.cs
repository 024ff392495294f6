using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Rbac;

/// <summary>The roles that every cluster has from its start, as far as tests meet them.</summary>
internal static class BootstrapRoles
{
    public static IEnumerable<JsonObject> Roles()
    {
        yield return Role("cluster-admin", Rule(["*"], ["*"], ["*"]), Paths(["*"], ["*"]));
        yield return Role(
            "system:discovery",
            Paths(
                ["get"],
                ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"]
            )
        );
        yield return Role("system:public-info-viewer", Paths(["get"], ["/healthz", "/livez", "/readyz", "/version", "/version/"]));
        yield return Role(
            "system:basic-user",
            Rule(["create"], ["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            Rule(["create"], ["authentication.k8s.io"], ["selfsubjectreviews"])
        );
        yield return Role(
            "system:node",
            Rule(["get", "list", "watch", "create", "patch", "update", "delete"], [""], ["nodes", "nodes/status"]),
            Rule(["get", "list", "watch", "create", "delete"], [""], ["pods"]),
            Rule(["patch", "update"], [""], ["pods/status"]),
            Rule(["create"], [""], ["pods/eviction"]),
            Rule(["get", "list", "watch"], [""], ["services", "configmaps", "secrets"]),
            Rule(["create", "patch", "update"], ["", "events.k8s.io"], ["events"]),
            Rule(["get", "create", "update", "patch", "delete"], ["coordination.k8s.io"], ["leases"])
        );
    }

    public static IEnumerable<JsonObject> Bindings()
    {
        yield return Binding("cluster-admin", "system:masters");
        yield return Binding("system:discovery", "system:authenticated");
        yield return Binding("system:public-info-viewer", "system:authenticated", "system:unauthenticated");
        yield return Binding("system:basic-user", "system:authenticated");
        // A real cluster grants this by its Node authorizer, to each kubelet for its own node.
        yield return Binding("system:node", "system:nodes");
    }

    private static JsonObject Role(string name, params JsonNode[] rules) =>
        new()
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRole",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
            },
            ["rules"] = new JsonArray(rules),
        };

    private static JsonObject Rule(string[] verbs, string[] groups, string[] resources) =>
        new()
        {
            ["verbs"] = List(verbs),
            ["apiGroups"] = List(groups),
            ["resources"] = List(resources),
        };

    private static JsonObject Paths(string[] verbs, string[] paths) => new() { ["verbs"] = List(verbs), ["nonResourceURLs"] = List(paths) };

    private static JsonObject Binding(string role, params string[] groups) =>
        new()
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "ClusterRoleBinding",
            ["metadata"] = new JsonObject
            {
                ["name"] = role,
                ["labels"] = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" },
            },
            ["roleRef"] = new JsonObject
            {
                ["apiGroup"] = "rbac.authorization.k8s.io",
                ["kind"] = "ClusterRole",
                ["name"] = role,
            },
            ["subjects"] = new JsonArray([
                .. groups.Select(group => new JsonObject
                {
                    ["apiGroup"] = "rbac.authorization.k8s.io",
                    ["kind"] = "Group",
                    ["name"] = group,
                }),
            ]),
        };

    private static JsonArray List(string[] values) => new([.. values.Select(value => JsonValue.Create(value))]);
}
