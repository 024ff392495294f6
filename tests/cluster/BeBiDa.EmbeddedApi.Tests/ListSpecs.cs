using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class ListSpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    private async Task<string> Names(string query)
    {
        var list = await Admin.Get($"{Pods}?{query}");
        Assert.That(list.Code, Is.EqualTo(200), list.Message);
        return string.Join(' ', list["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.GetValue<string>()));
    }

    [TestCase("app=web", "a b")]
    [TestCase("app==web,tier=front", "a")]
    [TestCase("app!=web", "c d")]
    [TestCase("tier", "a b")]
    [TestCase("!tier", "c d")]
    public async Task Labels_select(string selector, string expected)
    {
        await NewPod("a", labels: """{"app":"web","tier":"front"}""");
        await NewPod("b", labels: """{"app":"web","tier":"back"}""");
        await NewPod("c", labels: """{"app":"db"}""");
        await NewPod("d");
        Assert.That(await Names("labelSelector=" + Uri.EscapeDataString(selector)), Is.EqualTo(expected));
    }

    [TestCase("spec.nodeName=n1", "a")]
    [TestCase("spec.nodeName=", "b")]
    [TestCase("spec.nodeName!=n1", "b")]
    [TestCase("status.phase=Running", "a")]
    [TestCase("status.phase!=Running,metadata.name=b", "b")]
    [TestCase("metadata.name=a", "a")]
    public async Task Fields_select(string selector, string expected)
    {
        await NewPod("a", ""","nodeName":"n1" """);
        await NewPod("b");
        await Admin.Patch($"{Pods}/a/status", ApiClient.MergePatch, """{"status":{"phase":"Running"}}""");
        Assert.That(await Names("fieldSelector=" + Uri.EscapeDataString(selector)), Is.EqualTo(expected));
    }

    [Test]
    public async Task Nodes_are_selected_by_whether_they_are_schedulable()
    {
        var (path, _) = await NewNode("""{"test":"schedulable"}""");
        async Task<int> Count(string value) =>
            (await Admin.Get($"/api/v1/nodes?labelSelector=test%3Dschedulable&fieldSelector=spec.unschedulable%3D{value}"))["items"]!
                .AsArray()
                .Count;
        Assert.That((await Count("true"), await Count("false")), Is.EqualTo((0, 1)));
        await Admin.Patch(path, ApiClient.MergePatch, """{"spec":{"unschedulable":true}}""");
        Assert.That((await Count("true"), await Count("false")), Is.EqualTo((1, 0)));
        await Admin.Delete(path);
    }

    [Test]
    public async Task Events_are_selected_by_what_they_are_about()
    {
        var events = $"/api/v1/namespaces/{Space}/events";
        await Admin.Post(
            events,
            $$$"""{"metadata":{"name":"a"},"involvedObject":{"kind":"Pod","name":"p","namespace":"{{{Space}}}"},"reason":"Taken","type":"Normal"}"""
        );
        await Admin.Post(
            events,
            $$$"""{"metadata":{"name":"b"},"involvedObject":{"kind":"Pod","name":"q","namespace":"{{{Space}}}"},"reason":"Taken","type":"Warning"}"""
        );
        async Task<string> About(string selector) =>
            string.Join(
                ' ',
                (await Admin.Get($"{events}?fieldSelector={Uri.EscapeDataString(selector)}"))["items"]!
                    .AsArray()
                    .Select(item => item!["metadata"]!["name"]!.GetValue<string>())
            );
        Assert.That(await About("involvedObject.kind=Pod,involvedObject.name=q"), Is.EqualTo("b"));
        Assert.That(await About("type=Normal,reason=Taken"), Is.EqualTo("a"));
    }

    [Test]
    public async Task Pages_show_one_moment_whatever_happens_between_them()
    {
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
            await Admin.Post($"/api/v1/namespaces/{Space}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        var seen = new List<string>();
        string? next = null;
        do
        {
            var page = await Admin.Get($"/api/v1/namespaces/{Space}/configmaps?limit=2&continue={Uri.EscapeDataString(next ?? "")}");
            seen.AddRange(page["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.GetValue<string>()));
            if (next is null)
            {
                Assert.That(page.At("metadata", "remainingItemCount")!.GetValue<int>(), Is.EqualTo(3));
                await Admin.Delete($"/api/v1/namespaces/{Space}/configmaps/d");
                await Admin.Post($"/api/v1/namespaces/{Space}/configmaps", """{"metadata":{"name":"f"}}""");
            }
            next = page.At("metadata", "continue")?.GetValue<string>();
        } while (!string.IsNullOrEmpty(next));
        Assert.That(seen, Is.EqualTo(new[] { "a", "b", "c", "d", "e" }));
    }

    [Test]
    public async Task A_table_has_the_columns_that_kubectl_prints()
    {
        await NewPod("one");
        var table = await Admin.Get(Pods, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        Assert.That(table["kind"]!.GetValue<string>(), Is.EqualTo("Table"));
        Assert.That(
            table["columnDefinitions"]!.AsArray().Take(4).Select(column => column!["name"]!.GetValue<string>()),
            Is.EqualTo(new[] { "Name", "Ready", "Status", "Restarts" })
        );
        var cells = table["rows"]![0]!["cells"]!.AsArray();
        Assert.That(
            (cells[0]!.GetValue<string>(), cells[1]!.GetValue<string>(), cells[2]!.GetValue<string>()),
            Is.EqualTo(("one", "0/1", "Pending"))
        );
    }
}
