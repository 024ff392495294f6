using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow.Api;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Evictions that the API server refuses, and what becomes of the pods, the hand-over and whoever owns them.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class RefusedEvictionSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    [Test]
    public async Task A_webhook_in_the_way_of_evictions_keeps_no_pod_past_the_deadline(
        [ValueSource(typeof(EvictionWebhook), nameof(EvictionWebhook.Ways))] string way
    )
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        await using var webhook = await EvictionWebhook.StartAsync(Server, Kubectl, Space, way);
        await IsInTheWayAsync(way);
        Assert.That((await DecommissionAsync(node)).Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That(await PodAsync("app"), Is.Null);
    }

    [Test]
    public async Task A_pod_that_a_webhook_keeps_stays_where_the_site_says_so()
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        await using var webhook = await EvictionWebhook.StartAsync(Server, Kubectl, Space, "429");
        await IsInTheWayAsync("429");
        var result = await DecommissionAsync(node, eviction => eviction with { OnBudget = AtDeadline.Fail });
        Assert.That(result.Problems.Single().Text, Does.Contain("eviction.onBudget is fail").And.Contains("not now"));
        Assert.That((await PodAsync("app"))?.Metadata.DeletionTimestamp, Is.Null);
    }

    [Test]
    public async Task A_pod_in_a_namespace_that_is_being_deleted_leaves_by_the_deadline()
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        await Admin.DeleteAsync(Resources.Namespaces.At(null, Space), new V1DeleteOptions(), default);
        Assert.That((await DecommissionAsync(node)).Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That(await PodAsync("app"), Is.Null);
    }

    [Test]
    public async Task A_pod_of_two_budgets_leaves_by_the_deadline()
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        await ProtectAsync("one", "app");
        await ProtectAsync("two", "app");
        Assert.That((await DecommissionAsync(node)).Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That(await PodAsync("app"), Is.Null);
    }

    [Test]
    public async Task A_pod_that_is_deleted_past_its_budget_counts_as_disrupted_where_the_site_grants_the_right([Values] bool isGranted)
    {
        var kubeconfig = await IdentityAsync(isGranted ? ["rbac.yaml", "rbac-disruption-target.yaml"] : ["rbac.yaml"]);
        // No kubelet: the pod stays terminating, and can be read.
        var node = await NewNodeAsync();
        await CreateAsync(PodOn(node.Name, "app"));
        await SetStatusAsync("app", "Running");
        await ProtectAsync("budget", "app");
        var taking = DecommissionAsync(node.Name, kubeconfig: kubeconfig);
        await Eventually("it is deleted", async () => (await PodAsync("app"))?.Metadata.DeletionTimestamp is not null);
        Assert.That(
            (await PodAsync("app"))!.Status.Conditions.Any(c =>
                c is { Type: "DisruptionTarget", Status: "True", Reason: "DeletionByBeBiDa" }
            ),
            Is.EqualTo(isGranted)
        );
        await taking;
        await DeleteNodeAsync(node.Name);
    }

    [Test]
    public async Task Without_the_right_to_evict_a_hand_over_says_at_once_which_right_is_missing()
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        var result = await DecommissionAsync(
            node,
            eviction => eviction with { Deadline = TimeSpan.FromSeconds(50) },
            await IdentityAsync(["rbac.yaml"], without: "pods/eviction")
        );
        Assert.That(
            result.Problems.Single().Text,
            Does.Contain(
                $"the kubeconfig's identity may not create pods/eviction in namespace {Space}; bebidactl check prints the command that grants the right"
            )
        );
        Assert.That(await PodAsync("app"), Is.Not.Null);
    }

    private async Task<HandOverResult> DecommissionAsync(
        string node,
        Func<EvictionConfiguration, EvictionConfiguration>? eviction = null,
        string? kubeconfig = null
    )
    {
        var configuration = Configuration(kubeconfig);
        configuration = configuration with { Eviction = configuration.Eviction with { Deadline = TimeSpan.FromSeconds(2) } };
        if (eviction is not null)
            configuration = configuration with { Eviction = eviction(configuration.Eviction) };
        return await HandOvers(Connect(configuration), configuration).DecommissionAsync(Job(1, node), TimeSpan.FromSeconds(60));
    }

    // A real API server takes a moment to learn of a webhook. A pod that nothing else needs is asked for until it is refused.
    private async Task IsInTheWayAsync(string way)
    {
        if (Server is EmbeddedApiServer)
            return;
        await Eventually(
            $"the webhook {way} is in the way",
            async () =>
            {
                try
                {
                    await Admin.CreateAsync<object>(
                        $"{Resources.Pods.At(Space, "nothing")}/eviction",
                        new
                        {
                            apiVersion = "policy/v1",
                            kind = "Eviction",
                            metadata = new { name = "nothing", @namespace = Space },
                        },
                        default
                    );
                    return false;
                }
                catch (ApiException e)
                {
                    return e.Message.Contains("webhook", StringComparison.Ordinal);
                }
            }
        );
    }
}
