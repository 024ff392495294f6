using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.Hollow.Api;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixture(ApiServerKind.Embedded)]
public sealed class ResilienceSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private EmbeddedApiServer Embedded => (EmbeddedApiServer)Server;

    [TearDown]
    public void EndFaults() => Embedded.Faults.Clear();

    [Test]
    public async Task The_cluster_goes_on_after_the_API_server_was_away()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 3));
        var before = await AppRunsAsync("app", 3);

        await Embedded.RestartAsync();
        await ScaleAsync(6);

        var after = await AppRunsAsync("app", 6);
        Assert.That(after.Select(pod => pod.Metadata.Uid), Is.SupersetOf(before.Select(pod => pod.Metadata.Uid)));
    }

    [Test]
    public async Task The_cluster_sees_what_happened_in_a_history_that_it_missed()
    {
        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 3));
        await AppRunsAsync("app", 3);

        using (Embedded.Faults.Add(new Fault(FaultKind.Drop) { Verb = "watch" }))
        {
            await Embedded.RestartAsync();
            await ScaleAsync(5);
            Embedded.Compact();
        }

        await AppRunsAsync("app", 5);
    }

    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    public async Task The_cluster_works_though_half_of_its_requests_are_refused(int code)
    {
        using var fault = Embedded.Faults.Add(
            new Fault(FaultKind.Refuse)
            {
                StatusCode = code,
                Probability = 0.5,
                Path = "/pods/",
            }
        );

        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 6));
        await AppRunsAsync("app", 6);
        await ScaleAsync(0);

        await Wait.UntilAsync("no pod is left", () => ListAsync(Resources.Pods), pods => pods.Count == 0);
    }

    [Test]
    public async Task A_pod_whose_creation_was_not_answered_is_not_created_twice_for_good()
    {
        using (
            Embedded.Faults.Add(
                new Fault(FaultKind.DropAnswer)
                {
                    Verb = "create",
                    Resource = "pods",
                    Times = 3,
                }
            )
        )
        {
            await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 4));
            await AppRunsAsync("app", 4);
        }

        await Wait.UntilAsync(
            "the Deployment counts four",
            () => FindAsync(Resources.Deployments, "app"),
            seen => seen!.Status is { Replicas: 4, AvailableReplicas: 4 }
        );
    }

    [Test]
    public async Task A_slow_API_server_makes_the_cluster_slow_and_nothing_else()
    {
        using var fault = Embedded.Faults.Add(
            new Fault(FaultKind.Latency) { Delay = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(100) }
        );

        await CreateAsync(Resources.Deployments, Workloads.Deployment("app", 6));
        await AppRunsAsync("app", 6);
        foreach (var node in Nodes)
            Assert.That(ReadyStatus(await NodeAsync(node)), Is.EqualTo("True"));
    }

    private Task ScaleAsync(int replicas) =>
        Wait.UntilAsync(
            "it is scaled",
            async () =>
            {
                try
                {
                    await Api.MergeAsync<V1Deployment>(
                        Resources.Deployments.At(Namespace, "app"),
                        new { spec = new { replicas } },
                        default
                    );
                    return true;
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    return false;
                }
            },
            done => done
        );
}
