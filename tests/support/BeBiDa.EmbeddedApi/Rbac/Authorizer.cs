using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Rbac;

/// <summary>Role-based access control over the stored roles and bindings (rbac.authorization.k8s.io/v1).</summary>
internal sealed class Authorizer
{
    private readonly Store store;
    private volatile IReadOnlyList<Grant>? grants;

    public Authorizer(Store store)
    {
        this.store = store;
        store.Changed += (resource, _) =>
        {
            if (resource is "roles" or "clusterroles" or "rolebindings" or "clusterrolebindings")
                grants = null;
        };
    }

    public bool Allows(User user, AccessRequest request)
    {
        if (user.IsMaster)
            return true;
        foreach (var grant in grants ??= ReadGrants())
        {
            if (
                (grant.Namespace is null || grant.Namespace == request.Namespace)
                && grant.Holds(user)
                && grant.Rules.Any(rule => rule.Allows(request))
            )
                return true;
        }
        return false;
    }

    /// <summary>The rules that a user has in a namespace.</summary>
    public IEnumerable<JsonObject> RulesOf(User user, string space) =>
        (grants ??= ReadGrants())
            .Where(grant => (grant.Namespace is null || grant.Namespace == space) && grant.Holds(user))
            .SelectMany(grant => grant.Rules)
            .Select(rule => rule.Json);

    public static ApiError Forbidden(User user, AccessRequest request)
    {
        if (request.Path is { } path)
            return new(403, "Forbidden", $"forbidden: User \"{user.Name}\" cannot {request.Verb} path \"{path}\"", []);
        var subject = request.Name.Length > 0 ? $"{Qualified(request)} \"{request.Name}\" is" : $"{Qualified(request)} is";
        var where = request.Namespace.Length > 0 ? $" in the namespace \"{request.Namespace}\"" : " at the cluster scope";
        var message =
            $"{subject} forbidden: User \"{user.Name}\" cannot {request.Verb} resource \"{request.Described}\" in API group \"{request.Group}\"{where}";
        var details = new JsonObject();
        if (request.Name.Length > 0)
            details["name"] = request.Name;
        if (request.Group.Length > 0)
            details["group"] = request.Group;
        details["kind"] = request.Resource;
        return new(403, "Forbidden", message, details);
    }

    private static string Qualified(AccessRequest request) =>
        request.Group.Length == 0 ? request.Resource : $"{request.Resource}.{request.Group}";

    private List<Grant> ReadGrants()
    {
        var clusterRoles = store.Read("clusterroles").Objects;
        var roles = store.Read("roles").Objects;
        var result = new List<Grant>();
        foreach (var binding in store.Read("clusterrolebindings").Objects.Values)
            Add(result, binding, null);
        foreach (var binding in store.Read("rolebindings").Objects.Values)
            Add(result, binding, binding.Namespace);
        return result;

        void Add(List<Grant> into, StoredObject binding, string? space)
        {
            var name = binding.Json.At("roleRef", "name").Text() ?? "";
            var role =
                binding.Json.At("roleRef", "kind").Text() == "Role"
                    ? roles.GetValueOrDefault($"{space}/{name}")
                    : clusterRoles.GetValueOrDefault(name);
            if (role?.Json.Array("rules") is not { } rules)
                return;
            into.Add(
                new(
                    space,
                    [.. (binding.Json.Array("subjects") ?? []).Select(subject => Subject(subject, space))],
                    [.. rules.OfType<JsonObject>().Select(rule => new Rule(rule))]
                )
            );
        }
    }

    private static (string Kind, string Name) Subject(JsonNode? subject, string? space)
    {
        var name = subject.At("name").Text() ?? "";
        return subject.At("kind").Text() switch
        {
            "Group" => ("Group", name),
            "ServiceAccount" => ("User", $"system:serviceaccount:{subject.At("namespace").Text() ?? space}:{name}"),
            _ => ("User", name),
        };
    }

    private sealed record Grant(string? Namespace, (string Kind, string Name)[] Subjects, Rule[] Rules)
    {
        public bool Holds(User user) =>
            Subjects.Any(subject => subject.Kind == "User" ? subject.Name == user.Name : user.Groups.Contains(subject.Name));
    }

    private sealed class Rule(JsonObject json)
    {
        private readonly string[] verbs = Values(json, "verbs");
        private readonly string[] groups = Values(json, "apiGroups");
        private readonly string[] resources = Values(json, "resources");
        private readonly string[] names = Values(json, "resourceNames");
        private readonly string[] paths = Values(json, "nonResourceURLs");

        public JsonObject Json => json;

        public bool Allows(AccessRequest request)
        {
            if (!Has(verbs, request.Verb))
                return false;
            if (request.Path is { } path)
                return paths.Any(allowed =>
                    allowed == "*" || allowed == path || (allowed.EndsWith('*') && path.StartsWith(allowed[..^1], StringComparison.Ordinal))
                );
            if (!Has(groups, request.Group) || (names.Length > 0 && !names.Contains(request.Name)))
                return false;
            return Has(resources, request.Described) || (request.Subresource.Length > 0 && resources.Contains("*/" + request.Subresource));
        }

        private static bool Has(string[] allowed, string wanted) => allowed.Contains("*") || allowed.Contains(wanted);

        private static string[] Values(JsonObject json, string name) => [.. (json.Array(name) ?? []).Select(value => value.Text() ?? "")];
    }
}
