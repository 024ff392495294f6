using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class DeletionSpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    private async Task<Answer> RunningPod(string name, string more = "") => await NewPod(name, ""","nodeName":"nowhere" """ + more);

    private static long? Grace(Answer pod) => pod.At("metadata", "deletionGracePeriodSeconds")?.GetValue<long>();

    [Test]
    public async Task A_pod_on_a_node_stays_until_its_kubelet_deletes_it_with_no_grace()
    {
        await RunningPod("p");
        var asked = await Admin.Delete($"{Pods}/p");
        Assert.That((asked.Code, Grace(asked)), Is.EqualTo((200, 30)));
        Assert.That((await Admin.Get($"{Pods}/p")).At("metadata", "deletionTimestamp"), Is.Not.Null);
        await Admin.Delete($"{Pods}/p?gracePeriodSeconds=0");
        Assert.That((await Admin.Get($"{Pods}/p")).Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_pod_on_no_node_goes_at_once()
    {
        await NewPod("p");
        await Admin.Delete($"{Pods}/p");
        Assert.That((await Admin.Get($"{Pods}/p")).Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_finished_pod_goes_at_once()
    {
        await RunningPod("p");
        await Admin.Patch($"{Pods}/p/status", ApiClient.MergePatch, """{"status":{"phase":"Succeeded"}}""");
        await Admin.Delete($"{Pods}/p");
        Assert.That((await Admin.Get($"{Pods}/p")).Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_grace_period_can_be_shortened_and_not_prolonged()
    {
        await RunningPod("p", ""","terminationGracePeriodSeconds":20""");
        Assert.That(Grace(await Admin.Delete($"{Pods}/p")), Is.EqualTo(20));
        Assert.That(Grace(await Admin.Delete($"{Pods}/p", """{"gracePeriodSeconds":60}""")), Is.EqualTo(20));
        Assert.That(Grace(await Admin.Delete($"{Pods}/p", """{"gracePeriodSeconds":5}""")), Is.EqualTo(5));
    }

    [Test]
    public async Task A_deletion_that_means_another_object_is_refused()
    {
        var pod = await RunningPod("p");
        var refused = await Admin.Delete($"{Pods}/p", """{"preconditions":{"uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}""");
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((409, "Conflict")));
        Assert.That((await Admin.Delete($"{Pods}/p", """{"preconditions":{"resourceVersion":"1"}}""")).Code, Is.EqualTo(409));
        Assert.That(
            (await Admin.Delete($"{Pods}/p", $$$"""{"gracePeriodSeconds":0,"preconditions":{"uid":"{{{pod.Uid}}}"}}""")).Code,
            Is.EqualTo(200)
        );
    }

    [Test]
    public async Task An_object_with_a_finalizer_goes_when_the_finalizer_does()
    {
        var path = $"/api/v1/namespaces/{Space}/configmaps";
        await Admin.Post(path, """{"metadata":{"name":"x","finalizers":["a.io/b"]}}""");
        await Admin.Delete($"{path}/x");
        Assert.That((await Admin.Get($"{path}/x")).At("metadata", "deletionTimestamp"), Is.Not.Null);
        await Admin.Patch($"{path}/x", ApiClient.MergePatch, """{"metadata":{"finalizers":null}}""");
        Assert.That((await Admin.Get($"{path}/x")).Code, Is.EqualTo(404));
    }

    [Test]
    public async Task A_collection_is_deleted_as_selected()
    {
        await NewPod("a", labels: """{"app":"web"}""");
        await NewPod("b");
        await Admin.Delete($"{Pods}?labelSelector=app%3Dweb");
        var left = (await Admin.Get(Pods))["items"]!.AsArray();
        Assert.That(left.Select(pod => pod!["metadata"]!["name"]!.GetValue<string>()), Is.EqualTo(new[] { "b" }));
    }
}

/// <summary>What kube-controller-manager does in a cluster and the embedded server does itself.</summary>
public sealed class NamespaceDeletionSpecs
{
    [Test]
    public async Task A_deleted_namespace_is_emptied_and_goes()
    {
        await using var server = await EmbeddedApiServer.StartAsync();
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        const string space = "/api/v1/namespaces/s";
        await admin.Post("/api/v1/namespaces", """{"metadata":{"name":"s"}}""");
        await admin.Post($"{space}/configmaps", """{"metadata":{"name":"x","finalizers":["a.io/b"]}}""");
        await admin.Post($"{space}/pods", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await admin.Delete(space);
        await ApiServerSpecs.Eventually(async () => (await admin.Get($"{space}/pods/p")).Code == 404, "the pod goes");
        Assert.That((await admin.Get(space)).At("status", "phase")!.GetValue<string>(), Is.EqualTo("Terminating"));
        Assert.That((await admin.Post($"{space}/configmaps", """{"metadata":{"name":"y"}}""")).Code, Is.EqualTo(403));
        await admin.Patch($"{space}/configmaps/x", ApiClient.MergePatch, """{"metadata":{"finalizers":null}}""");
        await ApiServerSpecs.Eventually(async () => (await admin.Get(space)).Code == 404, "the namespace goes");
    }
}
