using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

public sealed class EvictionSpecs(ApiServerKind kind) : ApiServerSpecs(kind)
{
    private async Task<Answer> ReadyPod(string name)
    {
        var pod = await NewPod(name, ""","nodeName":"nowhere" """, """{"app":"web"}""");
        await Admin.Patch(
            $"{Pods}/{name}/status",
            ApiClient.MergePatch,
            """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"""
        );
        return pod;
    }

    private Task<Answer> Evict(string name, string options = "") =>
        Admin.Post(
            $"{Pods}/{name}/eviction",
            $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name}}}","namespace":"{{{Space}}}"}{{{options}}}}"""
        );

    /// <summary>A budget and, where no disruption controller runs, the status that one would write.</summary>
    private async Task Budget(string spec, int healthy, int desired)
    {
        var path = $"/apis/policy/v1/namespaces/{Space}/poddisruptionbudgets";
        var made = await Admin.Post(path, $"{{\"metadata\":{{\"name\":\"web\"}},\"spec\":{spec}}}");
        Assert.That(made.Code, Is.EqualTo(201), made.Message);
        if (Kind == ApiServerKind.Real)
        {
            await Admin.Patch(
                $"{path}/web/status",
                ApiClient.MergePatch,
                $$$"""{"status":{"disruptionsAllowed":{{{healthy - desired}}},"currentHealthy":{{{healthy}}},"desiredHealthy":{{{desired}}},"expectedPods":{{{healthy}}},"observedGeneration":1}}"""
            );
        }
    }

    [Test]
    public async Task An_evicted_pod_is_asked_to_go_within_its_grace()
    {
        await ReadyPod("p");
        var evicted = await Evict("p", ""","deleteOptions":{"gracePeriodSeconds":5}""");
        Assert.That((evicted.Code, evicted["status"]!.GetValue<string>()), Is.EqualTo((201, "Success")));
        var pod = await Admin.Get($"{Pods}/p");
        Assert.That(pod.At("metadata", "deletionGracePeriodSeconds")!.GetValue<int>(), Is.EqualTo(5));
        Assert.That(
            pod.At("status", "conditions")!.AsArray().Select(one => one!["type"]!.GetValue<string>()),
            Does.Contain("DisruptionTarget")
        );
    }

    [Test]
    public async Task A_budget_refuses_the_eviction_that_would_break_it()
    {
        await ReadyPod("a");
        await ReadyPod("b");
        await Budget("""{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}""", 2, 1);
        Assert.That((await Evict("a")).Code, Is.EqualTo(201));
        var refused = await Evict("b");
        Assert.That((refused.Code, refused.Reason), Is.EqualTo((429, "TooManyRequests")));
        Assert.That(refused.At("details", "causes")![0]!["reason"]!.GetValue<string>(), Is.EqualTo("DisruptionBudget"));
        Assert.That((await Admin.Get($"{Pods}/b")).At("metadata", "deletionTimestamp"), Is.Null);
    }

    [Test]
    public async Task A_finished_pod_needs_no_budget()
    {
        await ReadyPod("a");
        await Budget("""{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}""", 1, 1);
        Assert.That((await Evict("a")).Code, Is.EqualTo(429));
        await Admin.Patch($"{Pods}/a/status", ApiClient.MergePatch, """{"status":{"phase":"Succeeded"}}""");
        Assert.That((await Evict("a")).Code, Is.EqualTo(201));
    }

    [Test]
    public async Task A_pod_under_two_budgets_is_answered_500()
    {
        await ReadyPod("a");
        await Budget("""{"minAvailable":0,"selector":{"matchLabels":{"app":"web"}}}""", 1, 0);
        await Admin.Post(
            $"/apis/policy/v1/namespaces/{Space}/poddisruptionbudgets",
            """{"metadata":{"name":"second"},"spec":{"minAvailable":0,"selector":{}}}"""
        );
        var refused = await Evict("a");
        Assert.That(
            (refused.Code, refused.Message),
            Is.EqualTo((500, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."))
        );
    }

    [Test]
    public async Task A_pod_that_is_gone_is_answered_404() => Assert.That((await Evict("none")).Code, Is.EqualTo(404));

    [Test]
    public async Task The_last_disruption_is_spent_once_however_many_ask_at_once()
    {
        for (var i = 0; i < 6; i++)
            await ReadyPod($"p{i}");
        await Budget("""{"minAvailable":5,"selector":{"matchLabels":{"app":"web"}}}""", 6, 5);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Evict($"p{i}")));
        Assert.That(answers.Count(answer => answer.Code == 201), Is.EqualTo(1));
        Assert.That(answers.Count(answer => answer.Code == 429), Is.EqualTo(5));
    }
}
