using BeBiDa.EmbeddedApi;
using BeBiDa.Site;
using k8s;
using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>The job that all of this is for, on each kind of node and each API server there is.</summary>
[TestFixtureSource(nameof(Labs))]
public class MainJobSpecs(NodeKind kind, ApiServerKind api) : NodesTest(kind)
{
    public static IEnumerable<object[]> Labs =>
        [
            .. TestServers.All.Select(api => new object[] { NodeKind.Hollow, api }),
            .. NodeKinds.RealOnly.Select(real => new object[] { real, ApiServerKind.Real }),
        ];

    protected override ContainerLabOptions? OwnLab =>
        Kind == NodeKind.Real || api == ApiServerKind.Embedded ? null : Options with { Api = api };

    [Test]
    public async Task A_job_finds_two_machines_without_Kubernetes_and_Kubernetes_gets_them_back()
    {
        await using var pods = new PodObserver(Lab.Client);
        await FillAsync();
        var log = await LogFromNowAsync(ContainerLab.Controller, "slurmctld");

        var job = Lab.SlurmAsync("srun", ["-w", "n1,n2", "sh", "-c", $"{IsAlone} && exec sleep 20"], Alice);
        await EventuallyAsync(
            "the job runs",
            async () =>
                await JobsOnAsync("n2") != ""
                && await JobsOnAsync("n1") != ""
                && await ServicesAsync("n1") == "inactive inactive"
                && await ServicesAsync("n2") == "inactive inactive"
        );

        Assert.That(await ServicesAsync("n3"), Is.EqualTo("active active"), "a node that is not the job's");
        Assert.That(await Lab.PodProcessesAsync("n3"), Is.Not.Empty);
        var stopped = new Dictionary<string, DateTimeOffset>
        {
            ["n1"] = await StoppedAtAsync("n1", Kubelet),
            ["n2"] = await StoppedAtAsync("n2", Kubelet),
        };

        var result = await job;
        Assert.That(result.ExitCode, Is.Zero, result.StandardOutput + result.StandardError);
        Assert.That(
            result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(),
            Is.EqualTo(new[] { "n1 inactive inactive 0", "n2 inactive inactive 0" })
        );
        await EventuallyAsync(
            "both nodes are Ready and schedulable after the job",
            async () => (await Lab.ReadyNodesAsync()).Count == 3 && await IsSchedulableAsync("n1") && await IsSchedulableAsync("n2")
        );

        var evicted = pods.Stays().Where(pod => pod.Until is not null && pod.Name.StartsWith("web-", StringComparison.Ordinal)).ToList();
        Assert.That(evicted.Select(pod => pod.Node).Distinct().Order(), Is.EqualTo(new[] { "n1", "n2" }));
        // On a busy host the observer learns of it a moment later. A pod that its kubelet has not ended stays until eviction.deadline.
        foreach (var pod in evicted)
            Assert.That(
                pod.Until,
                Is.LessThan(stopped[pod.Node] + TimeSpan.FromSeconds(2)),
                $"{pod.Name} had left {pod.Node} before its kubelet stopped"
            );
        Assert.That(await log(), Does.Contain(" event=decommission outcome=done ").And.Not.Contains(" past its "));
        await RemoveAsync();
    }

    // Two executors a node and one agent on each; the agents stay until the node's own hook comes.
    private async Task FillAsync()
    {
        await Lab.Client.AppsV1.CreateNamespacedDeploymentAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = "web" },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 6,
                    Selector = Selector("web"),
                    Template = Pods.Template("web", 1),
                },
            },
            "default"
        );
        await Lab.Client.AppsV1.CreateNamespacedDaemonSetAsync(
            new V1DaemonSet
            {
                Metadata = new V1ObjectMeta { Name = "agent" },
                Spec = new V1DaemonSetSpec { Selector = Selector("agent"), Template = Pods.Template("agent", 1) },
            },
            "default"
        );
        await EventuallyAsync(
            "9 pods run, 3 on each node",
            async () =>
                (await Lab.Client.CoreV1.ListNamespacedPodAsync("default"))
                    .Items.Where(p => p.Status?.Phase == "Running" && p.Metadata.DeletionTimestamp is null)
                    .CountBy(p => p.Spec.NodeName)
                    .Count(n => n.Value == 3) == 3
        );
        foreach (var node in Lab.Nodes)
            await EventuallyAsync($"{node} has processes of three pods", async () => (await Lab.PodsAsync(node)).Count == 3);
    }

    private async Task RemoveAsync()
    {
        await Lab.Client.AppsV1.DeleteNamespacedDeploymentAsync("web", "default");
        await Lab.Client.AppsV1.DeleteNamespacedDaemonSetAsync("agent", "default");
    }

    private static V1LabelSelector Selector(string app) => new() { MatchLabels = Pods.Labels(app) };
}
