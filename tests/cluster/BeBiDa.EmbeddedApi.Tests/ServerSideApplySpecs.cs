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

    private static string? Owner(Answer node) => node.At("metadata", "labels", "bebida.io/owner")?.GetValue<string>();

    private static string[] Managers(Answer node) =>
        [.. (node.At("metadata", "managedFields") as JsonArray ?? []).Select(entry => entry!["manager"]!.GetValue<string>()).Order()];

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
    public async Task A_node_is_unschedulable_until_the_last_of_two_holds_is_released()
    {
        var node = await NewNode();
        var first = await Hold(node, 1);
        Assert.That((first.Code, Unschedulable(first), Owner(first)), Is.EqualTo((200, true, "slurm")));
        await Hold(node, 2);
        var one = await Release(node, 1);
        Assert.That((Unschedulable(one), Owner(one)), Is.EqualTo((true, "slurm")));
        Assert.That(Holds(one), Is.EqualTo(new[] { "hold.bebida.io/c.2" }));
        var none = await Release(node, 2);
        Assert.That((Unschedulable(none), Owner(none)), Is.EqualTo((false, (string?)null)));
        Assert.That(Holds(none), Is.Empty);
        Assert.That(Managers(none), Has.None.StartsWith("bebida/"));
    }

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
    public async Task A_node_that_an_admin_cordoned_before_stays_cordoned_after_the_release(
        [Values("{\"labels\":{\"a\":\"b\"}}", "{}")] string metadata
    )
    {
        var name = Unique("node");
        var merged = JsonNode.Parse(metadata)!;
        merged["name"] = name;
        var made = await Admin.Post("/api/v1/nodes", $"{{\"metadata\":{merged.ToJsonString()}}}");
        var node = ($"/api/v1/nodes/{name}", made.Uid);
        await Admin.Patch($"{node.Item1}?fieldManager=kubectl-cordon", ApiClient.StrategicPatch, """{"spec":{"unschedulable":true}}""");
        await Hold(node, 1);
        var released = await Release(node, 1);
        Assert.That(Unschedulable(released), Is.True);
        Assert.That(Holds(released), Is.Empty);
    }

    [Test]
    public async Task Uncordon_takes_the_field_from_the_holds_and_leaves_their_annotation([Values("null", "false")] string free)
    {
        var node = await NewNode();
        await Hold(node, 1);
        var freed = await Admin.Patch(
            $"{node.Path}?fieldManager=kubectl-cordon",
            ApiClient.StrategicPatch,
            "{\"spec\":{\"unschedulable\":" + free + "}}"
        );
        Assert.That(Unschedulable(freed), Is.False);
        Assert.That(Holds(freed), Is.EqualTo(new[] { "hold.bebida.io/c.1" }));
        var held = await Hold(node, 1);
        Assert.That(Unschedulable(held), Is.True);
        Assert.That(Unschedulable(await Release(node, 1)), Is.False);
    }

    [Test]
    public async Task An_apply_makes_a_missing_object_unless_it_names_a_uid()
    {
        var name = Unique("node");
        var refused = await Admin.Apply(
            $"/api/v1/nodes/{name}",
            "m",
            $$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{name}}}","uid":"2b9e6a4e-0f6f-4f6e-9a49-000000000001"}}""",
            true
        );
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((409, "Conflict")));
        var made = await Admin.Apply(
            $"/api/v1/nodes/{name}",
            "m",
            $$$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{name}}}"}}""",
            true
        );
        Assert.That(made.Code, Is.EqualTo(201));
    }

    [Test]
    public async Task An_apply_with_the_uid_of_an_earlier_node_is_refused_and_changes_nothing()
    {
        var node = await NewNode();
        var refused = await Hold((node.Path, "2b9e6a4e-0f6f-4f6e-9a49-000000000001"), 1);
        // Not a conflict: the API server takes the uid of a patch for an attempt to change it.
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((422, "Invalid")));
        Assert.That(Unschedulable(await Admin.Get(node.Path)), Is.False);
    }

    [Test]
    public async Task A_release_with_the_uid_of_an_earlier_node_is_refused()
    {
        var node = await NewNode();
        await Hold(node, 1);
        var refused = await Release((node.Path, "2b9e6a4e-0f6f-4f6e-9a49-000000000001"), 1);
        Assert.That(refused.Code, Is.EqualTo(422));
        Assert.That(Unschedulable(await Admin.Get(node.Path)), Is.True);
    }

    [Test]
    public async Task What_others_own_is_changed_only_by_force()
    {
        var node = await NewNode();
        await Admin.Apply(node.Path, "one", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"1"}}}""");
        var refused = await Admin.Apply(node.Path, "two", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"2"}}}""");
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((409, "Conflict")));
        var cause = refused.At("details")!["causes"]![0]!;
        Assert.That(
            (cause["reason"]!.GetValue<string>(), cause["field"]!.GetValue<string>(), cause["message"]!.GetValue<string>()),
            Is.EqualTo(("FieldManagerConflict", ".metadata.labels.x", "conflict with \"one\""))
        );
        var forced = await Admin.Apply(node.Path, "two", """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"x":"2"}}}""", true);
        Assert.That(forced.At("metadata", "labels", "x")!.GetValue<string>(), Is.EqualTo("2"));
        Assert.That(Managers(forced), Does.Contain("two").And.Not.Contain("one"));
        var gone = await Admin.Apply(node.Path, "two", """{"apiVersion":"v1","kind":"Node"}""");
        Assert.That(gone.At("metadata", "labels", "x"), Is.Null);
    }

    [Test]
    public async Task Taints_are_one_field_and_conditions_are_joined_by_type()
    {
        var node = await NewNode("""{"made":"yes"}""");
        await Admin.Apply(node.Path, "one", """{"apiVersion":"v1","kind":"Node","spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}""");
        var taint = await Admin.Apply(
            node.Path,
            "two",
            """{"apiVersion":"v1","kind":"Node","spec":{"taints":[{"key":"b","effect":"NoSchedule"}]}}"""
        );
        Assert.That(taint.Code, Is.EqualTo(409));
        await Admin.Apply(
            node.Path + "/status",
            "one",
            """{"apiVersion":"v1","kind":"Node","status":{"conditions":[{"type":"A","status":"True"}]}}"""
        );
        var both = await Admin.Apply(
            node.Path + "/status",
            "two",
            """{"apiVersion":"v1","kind":"Node","status":{"conditions":[{"type":"B","status":"True"}]}}"""
        );
        Assert.That(
            both.At("status", "conditions")!.AsArray().Select(condition => condition!["type"]!.GetValue<string>()),
            Is.EquivalentTo(new[] { "A", "B" })
        );
    }

    [Test]
    public async Task Two_managers_own_each_its_container()
    {
        var path = $"/apis/apps/v1/namespaces/{Space}/deployments/web";
        string Config(string container) =>
            """
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},
                 "spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[CONTAINER]}}}}
                """.Replace("CONTAINER", container, StringComparison.Ordinal);
        await Admin.Apply(path, "one", Config("""{"name":"c","image":"i"}"""));
        var both = await Admin.Apply(path, "two", Config("""{"name":"s","image":"j"}"""));
        string[] Names(Answer answer) =>
            [.. answer.At("spec", "template", "spec", "containers")!.AsArray().Select(one => one!["name"]!.GetValue<string>()).Order()];
        Assert.That(Names(both), Is.EqualTo(new[] { "c", "s" }));
        var one = await Admin.Apply(path, "two", """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"}}""");
        Assert.That(Names(one), Is.EqualTo(new[] { "c" }));
    }

    [Test]
    public async Task Finalizers_and_owners_are_joined_and_released()
    {
        var path = $"/api/v1/namespaces/{Space}/configmaps/x";
        await Admin.Apply(
            path,
            "one",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","finalizers":["a.io/one"],"ownerReferences":[{"apiVersion":"v1","kind":"Unknown","name":"n","uid":"1"}]}}"""
        );
        var both = await Admin.Apply(
            path,
            "two",
            """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","finalizers":["a.io/two"],"ownerReferences":[{"apiVersion":"v1","kind":"Unknown","name":"m","uid":"2"}]}}"""
        );
        Assert.That(both.At("metadata", "finalizers")!.AsArray(), Has.Count.EqualTo(2));
        Assert.That(both.At("metadata", "ownerReferences")!.AsArray(), Has.Count.EqualTo(2));
        var one = await Admin.Apply(path, "one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}""");
        Assert.That(one.At("metadata", "finalizers")!.ToJsonString(), Is.EqualTo("[\"a.io/two\"]"));
        Assert.That(one.At("metadata", "ownerReferences")![0]!["uid"]!.GetValue<string>(), Is.EqualTo("2"));
        await Admin.Apply(path, "two", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}""");
    }

    [Test]
    public async Task A_trial_apply_answers_what_would_be_and_stores_nothing()
    {
        var node = await NewNode();
        var trial = await Admin.Apply(
            $"{node.Path}?dryRun=All",
            "m",
            """{"apiVersion":"v1","kind":"Node","spec":{"unschedulable":true}}"""
        );
        Assert.That(Unschedulable(trial), Is.True);
        Assert.That(Unschedulable(await Admin.Get(node.Path)), Is.False);
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
