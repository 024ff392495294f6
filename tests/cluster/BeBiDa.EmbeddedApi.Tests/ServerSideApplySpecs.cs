using System.Text.Json.Nodes;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>Server-Side Apply as a ledger of holds: a hold is a field manager.</summary>
public sealed class ServerSideApplySpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    private static bool Unschedulable(Answer node) => node.At("spec", "unschedulable")?.GetValue<bool>() ?? false;

    private static string[] Holds(Answer node) =>
        [
            .. (node.At("metadata", "annotations") as JsonObject ?? [])
                .Select(pair => pair.Key)
                .Where(key => key.StartsWith("hold.", StringComparison.Ordinal))
                .Order(),
        ];

    private Task<Answer> Hold((string Path, string Uid) node, int job) =>
        Admin.Apply(
            node.Path,
            $"bebida/c/{job}",
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{node.Path.Split('/')[^1]}}}","uid":"{{{node.Uid}}}",
             "annotations":{"hold.bebida.io/c.{{{job}}}":"2026-01-01T00:00:00Z"},"labels":{"bebida.io/owner":"slurm"}},"spec":{"unschedulable":true}}
            """,
            force: true
        );

    private Task<Answer> Release((string Path, string Uid) node, int job) =>
        Admin.Apply(
            node.Path,
            $"bebida/c/{job}",
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{node.Path.Split('/')[^1]}}}","uid":"{{{node.Uid}}}"}}
            """,
            force: true
        );

    [Test]
    public async Task Releasing_twice_changes_nothing_not_even_the_version()
    {
        var node = await NewNode();
        await Hold(node, 1);
        var released = await Release(node, 1);
        var again = await Release(node, 1);
        Assert.That((again.Code, again.Version), Is.EqualTo((200, released.Version)));
    }

    [Test]
    public async Task Holding_twice_is_holding_once()
    {
        var node = await NewNode();
        var held = await Hold(node, 1);
        var again = await Hold(node, 1);
        Assert.That(again.Version, Is.EqualTo(held.Version));
        Assert.That(Unschedulable(await Release(node, 1)), Is.False);
    }

    [Test]
    public async Task Two_hundred_edits_by_another_client_at_the_same_moment_lose_nothing()
    {
        var node = await NewNode("""{"theirs":"kept"}""");
        using var other = new ApiClient(Server, Server.AdminKubeconfig, agent: "other/1.0");
        // A real API server lets writers of one object race in its store; more at once only starve each other.
        using var atOnce = new SemaphoreSlim(8);
        var edits = Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(i =>
                    Retried(
                        atOnce,
                        () =>
                            other.Patch(
                                $"{node.Path}?fieldManager=other",
                                ApiClient.MergePatch,
                                $$$"""{"metadata":{"annotations":{"other/{{{i}}}":"v"},"labels":{"other-{{{i}}}":"v"}} }"""
                            )
                    )
                )
        );
        var holds = Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(async job =>
                {
                    await Retried(atOnce, () => Hold(node, job));
                    if (job % 2 == 0)
                        await Retried(atOnce, () => Release(node, job));
                })
        );
        await Task.WhenAll(edits, holds);
        var after = await Admin.Get(node.Path);
        var annotations = (JsonObject)after.At("metadata", "annotations")!;
        Assert.That(annotations.Count(pair => pair.Key.StartsWith("other/", StringComparison.Ordinal)), Is.EqualTo(200));
        Assert.That(
            ((JsonObject)after.At("metadata", "labels")!).Count(pair => pair.Key.StartsWith("other-", StringComparison.Ordinal)),
            Is.EqualTo(200)
        );
        Assert.That(after.At("metadata", "labels", "theirs")!.GetValue<string>(), Is.EqualTo("kept"));
        Assert.That(
            Holds(after),
            Is.EquivalentTo(Enumerable.Range(0, 20).Where(job => job % 2 == 1).Select(job => $"hold.bebida.io/c.{job}"))
        );
        Assert.That(Unschedulable(after), Is.True);
    }

    // Under concurrent writers a real API server may answer 409 and asks to try again.
    private static async Task Retried(SemaphoreSlim atOnce, Func<Task<Answer>> write)
    {
        await atOnce.WaitAsync();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                var answer = await write();
                if (answer.Code is 200 or 201)
                    return;
                Assert.That(answer.Code, Is.EqualTo(409), answer.Message);
            }
            Assert.Fail("a write met a conflict a hundred times");
        }
        finally
        {
            atOnce.Release();
        }
    }
}
