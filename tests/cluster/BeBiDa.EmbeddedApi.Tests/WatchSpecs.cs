using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class WatchSpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    [Test]
    public async Task A_watch_from_a_lists_version_tells_everything_after_it_in_order()
    {
        await NewPod("before");
        var list = await Admin.Get(Pods);
        using var watch = await Admin.Watch($"{Pods}?watch=true&resourceVersion={list.Version}");
        await NewPod("one");
        await Admin.Patch($"{Pods}/one", ApiClient.MergePatch, """{"metadata":{"labels":{"a":"b"}}}""");
        await Admin.Delete($"{Pods}/one");
        // A pod is marked as deleted before it is gone, though nothing holds it.
        Assert.That(
            new[] { await watch.NextShort(), await watch.NextShort(), await watch.NextShort(), await watch.NextShort() },
            Is.EqualTo(new[] { "ADDED one", "MODIFIED one", "MODIFIED one", "DELETED one" })
        );
    }

    [Test]
    public async Task A_watch_without_a_version_begins_with_what_there_is()
    {
        await NewPod("one");
        using var watch = await Admin.Watch($"{Pods}?watch=true");
        Assert.That(await watch.NextShort(), Is.EqualTo("ADDED one"));
        await NewPod("two");
        Assert.That(await watch.NextShort(), Is.EqualTo("ADDED two"));
    }

    [Test]
    public async Task What_leaves_the_selection_is_deleted_for_its_watch_and_what_enters_is_added()
    {
        using var watch = await Admin.Watch($"{Pods}?watch=true&labelSelector=app%3Dweb");
        await NewPod("one");
        await Admin.Patch($"{Pods}/one", ApiClient.MergePatch, """{"metadata":{"labels":{"app":"web"}}}""");
        Assert.That(await watch.NextShort(), Is.EqualTo("ADDED one"));
        await Admin.Patch($"{Pods}/one", ApiClient.MergePatch, """{"metadata":{"labels":{"app":"db"}}}""");
        Assert.That(await watch.NextShort(), Is.EqualTo("DELETED one"));
    }

    [Test]
    public async Task A_watch_of_one_name_tells_of_that_one_alone()
    {
        using var watch = await Admin.Watch($"{Pods}?watch=true&fieldSelector=metadata.name%3Dtwo");
        await NewPod("one");
        await NewPod("two");
        Assert.That(await watch.NextShort(), Is.EqualTo("ADDED two"));
    }

    [Test]
    public async Task A_watch_ends_after_its_time()
    {
        using var watch = await Admin.Watch($"{Pods}?watch=true&timeoutSeconds=1");
        Assert.That(await watch.Next(), Is.Null);
    }

    [Test]
    public async Task A_metadata_watch_carries_metadata_alone()
    {
        using var watch = await Admin.Watch($"{Pods}?watch=true", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        await NewPod("one");
        var next = await watch.Next();
        Assert.That(next!["object"]!["kind"]!.GetValue<string>(), Is.EqualTo("PartialObjectMetadata"));
        Assert.That(next["object"]!["spec"], Is.Null);
    }
}

/// <summary>What only the embedded server lets a test bring about.</summary>
public sealed class EmbeddedWatchSpecs
{
    [Test]
    public async Task A_watch_from_forgotten_history_is_told_410()
    {
        await using var server = await EmbeddedApiServer.StartAsync();
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        var list = await admin.Get("/api/v1/nodes");
        await admin.Post("/api/v1/nodes", """{"metadata":{"name":"n1"}}""");
        server.Compact();
        using var watch = await admin.Watch($"/api/v1/nodes?watch=true&resourceVersion={list.Version}");
        var next = await watch.Next();
        Assert.That(next!["type"]!.GetValue<string>(), Is.EqualTo("ERROR"));
        Assert.That(next["object"]!["code"]!.GetValue<int>(), Is.EqualTo(410));
        Assert.That(await watch.Next(), Is.Null);
    }

    [Test]
    public async Task History_beyond_its_limit_is_forgotten()
    {
        await using var server = await EmbeddedApiServer.StartAsync(new() { HistoryLimit = 4 });
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        var versions = new List<string> { (await admin.Get("/api/v1/nodes")).Version };
        for (var i = 0; i < 6; i++)
            versions.Add((await admin.Post("/api/v1/nodes", $$$"""{"metadata":{"name":"n{{{i}}}"}}""")).Version);
        using var old = await admin.Watch($"/api/v1/nodes?watch=true&resourceVersion={versions[0]}");
        Assert.That((await old.Next())!["type"]!.GetValue<string>(), Is.EqualTo("ERROR"));
        using var recent = await admin.Watch($"/api/v1/nodes?watch=true&resourceVersion={versions[2]}");
        Assert.That(await recent.NextShort(), Is.EqualTo("ADDED n2"));
    }

    [Test]
    public async Task A_watch_that_asked_for_bookmarks_gets_them_and_can_go_on_from_there()
    {
        await using var server = await EmbeddedApiServer.StartAsync(new() { BookmarkInterval = TimeSpan.FromMilliseconds(50) });
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        var list = await admin.Get("/api/v1/nodes");
        using var watch = await admin.Watch($"/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion={list.Version}");
        await admin.Post("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"elsewhere"}}""");
        var mark = await watch.Next();
        while (mark!["object"]!["metadata"]!["resourceVersion"]!.GetValue<string>() == list.Version)
            mark = await watch.Next();
        Assert.That(mark["type"]!.GetValue<string>(), Is.EqualTo("BOOKMARK"));
        Assert.That(
            long.Parse(mark["object"]!["metadata"]!["resourceVersion"]!.GetValue<string>()),
            Is.GreaterThan(long.Parse(list.Version))
        );
    }

    [Test]
    public async Task A_continued_list_from_forgotten_history_is_answered_410()
    {
        await using var server = await EmbeddedApiServer.StartAsync();
        using var admin = new ApiClient(server, server.AdminKubeconfig);
        var page = await admin.Get("/api/v1/namespaces?limit=1");
        var next = Uri.EscapeDataString(page.At("metadata", "continue")!.GetValue<string>());
        server.Compact();
        var gone = await admin.Get($"/api/v1/namespaces?limit=1&continue={next}");
        Assert.That((gone.Code, gone.Reason), Is.EqualTo((410, "Expired")));
    }
}
