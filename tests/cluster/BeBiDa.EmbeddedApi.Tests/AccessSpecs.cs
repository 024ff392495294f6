using System.Text.Json.Nodes;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class AccessSpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    private ApiClient As(string user, params string[] groups) => new(Server, Server.WriteKubeconfig(user, groups));

    private async Task Grant(string role, string user, string rules, string kind = "User")
    {
        const string rbac = "/apis/rbac.authorization.k8s.io/v1";
        var made = await Admin.Post($"{rbac}/clusterroles", $"{{\"metadata\":{{\"name\":\"{role}\"}},\"rules\":{rules}}}");
        Assert.That(made.Code, Is.EqualTo(201), made.Message);
        made = await Admin.Post(
            $"{rbac}/clusterrolebindings",
            $$$"""
            {"metadata":{"name":"{{{role}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{{role}}}"},
             "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{kind}}}","name":"{{{user}}}"}]}
            """
        );
        Assert.That(made.Code, Is.EqualTo(201), made.Message);
    }

    private static async Task<bool> May(ApiClient client, string attributes)
    {
        var review = await client.Post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            $"{{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{{\"resourceAttributes\":{attributes}}}}}"
        );
        Assert.That(review.Code, Is.EqualTo(201), review.Message);
        return review.At("status", "allowed")!.GetValue<bool>();
    }

    [Test]
    public async Task A_client_without_rights_is_refused_and_told_why()
    {
        using var nobody = As("nobody");
        var refused = await nobody.Get("/api/v1/nodes");
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((403, "Forbidden")));
        Assert.That(
            refused.Message,
            Is.EqualTo("nodes is forbidden: User \"nobody\" cannot list resource \"nodes\" in API group \"\" at the cluster scope")
        );
        var one = await nobody.Delete($"{Pods}/x");
        Assert.That(
            one.Message,
            Is.EqualTo(
                $"pods \"x\" is forbidden: User \"nobody\" cannot delete resource \"pods\" in API group \"\" in the namespace \"{Space}\""
            )
        );
    }

    [Test]
    public async Task A_client_without_a_certificate_is_anonymous()
    {
        using var anonymous = new ApiClient(Server);
        var refused = await anonymous.Get("/api/v1/nodes");
        Assert.That(
            (refused.Code, refused.Message),
            Is.EqualTo(
                (403, "nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope")
            )
        );
        Assert.That((await anonymous.Get("/healthz")).Code, Is.EqualTo(200));
    }

    [Test]
    public async Task A_role_grants_its_verbs_on_its_resources_and_no_others()
    {
        var user = Unique("user");
        await Grant(
            Unique("role"),
            user,
            """[{"apiGroups":[""],"resources":["nodes"],"verbs":["get","list","patch"]},{"apiGroups":[""],"resources":["pods/eviction"],"verbs":["create"]}]"""
        );
        using var client = As(user);
        await Eventually(async () => (await client.Get("/api/v1/nodes")).Code == 200, "the role counts");
        var (path, _) = await NewNode();
        Assert.That(
            (await client.Apply(path, "m", """{"apiVersion":"v1","kind":"Node","spec":{"unschedulable":true}}""")).Code,
            Is.EqualTo(200)
        );
        Assert.That((await client.Delete(path)).Code, Is.EqualTo(403));
        Assert.That((await client.Patch(path + "/status", ApiClient.MergePatch, "{}")).Code, Is.EqualTo(403));
        Assert.That((await client.Get(Pods)).Code, Is.EqualTo(403));
        Assert.That(
            (
                await client.Post($"{Pods}/none/eviction", """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"none"}}""")
            ).Code,
            Is.EqualTo(404)
        );
        Assert.That(
            (await May(client, """{"verb":"patch","resource":"nodes"}"""), await May(client, """{"verb":"delete","resource":"nodes"}""")),
            Is.EqualTo((true, false))
        );
        await Admin.Delete(path);
    }

    [Test]
    public async Task A_group_and_a_names_list_count_too()
    {
        var group = Unique("group");
        await Grant(
            Unique("role"),
            group,
            """[{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["mine"],"verbs":["get"]}]""",
            "Group"
        );
        using var client = As("member", group);
        await Eventually(async () => (await client.Get($"/api/v1/namespaces/{Space}/configmaps/mine")).Code == 404, "the role counts");
        Assert.That((await client.Get($"/api/v1/namespaces/{Space}/configmaps/other")).Code, Is.EqualTo(403));
    }

    [Test]
    public async Task A_role_in_a_namespace_counts_there_alone()
    {
        var user = Unique("user");
        var rbac = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{Space}";
        await Admin.Post(
            $"{rbac}/roles",
            """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}]}"""
        );
        await Admin.Post(
            $"{rbac}/rolebindings",
            $$$"""{"metadata":{"name":"r"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"{{{user}}}"}]}"""
        );
        using var client = As(user);
        await Eventually(async () => (await client.Get(Pods)).Code == 200, "the role counts");
        Assert.That((await client.Get("/api/v1/namespaces/default/pods")).Code, Is.EqualTo(403));
        Assert.That((await client.Get("/api/v1/pods")).Code, Is.EqualTo(403));
    }

    [Test]
    public async Task Both_http_versions_are_spoken([Values("1.1", "2.0")] string version)
    {
        using var client = new ApiClient(Server, Server.AdminKubeconfig, version: Version.Parse(version));
        using var answer = await client.Http.GetAsync(new Uri("/version", UriKind.Relative));
        Assert.That(answer.Version, Is.EqualTo(Version.Parse(version)));
        var json = (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.That(int.Parse(json["minor"]!.GetValue<string>()), Is.GreaterThanOrEqualTo(36));
    }
}
