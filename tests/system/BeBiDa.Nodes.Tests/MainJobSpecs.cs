using BeBiDa.EmbeddedApi;
using BeBiDa.Site;
using k8s;
using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>The job that all of this is for, on each API server there is.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public class MainJobSpecs(ApiServerKind api) : NodesTest
{
    private ContainerLab? own;

    protected override ContainerLab Lab => own ?? base.Lab;

    [OneTimeSetUp]
    public async Task StartOwnLabAsync()
    {
        if (api == ApiServerKind.Embedded)
            return;
        own = await ContainerLab.StartAsync(Options with { Api = api });
        await PrepareAsync(own);
    }

    [OneTimeTearDown]
    public async Task StopOwnLabAsync()
    {
        if (own is not null)
            await own.DisposeAsync();
    }

    [Test]
    public async Task A_job_finds_two_machines_without_Kubernetes_and_Kubernetes_gets_them_back()
    {
        await using var pods = new PodObserver(Lab.Client);
        await FillAsync();
        var logged = (await Lab.ReadLogAsync(ContainerLab.Controller, "slurmctld")).Length;

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
        foreach (var pod in evicted)
            Assert.That(pod.Until, Is.LessThan(stopped[pod.Node]), $"{pod.Name} had left {pod.Node} before its kubelet stopped");
        Assert.That(
            (await Lab.ReadLogAsync(ContainerLab.Controller, "slurmctld"))[logged..],
            Does.Contain(" event=decommission outcome=done ").And.Not.Contains(" past its ")
        );
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
                    Template = Template("web"),
                },
            },
            "default"
        );
        await Lab.Client.AppsV1.CreateNamespacedDaemonSetAsync(
            new V1DaemonSet
            {
                Metadata = new V1ObjectMeta { Name = "agent" },
                Spec = new V1DaemonSetSpec { Selector = Selector("agent"), Template = Template("agent") },
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
            await EventuallyAsync($"{node} has processes of pods", async () => (await Lab.PodProcessesAsync(node)).Count == 3);
    }

    private async Task RemoveAsync()
    {
        await Lab.Client.AppsV1.DeleteNamespacedDeploymentAsync("web", "default");
        await Lab.Client.AppsV1.DeleteNamespacedDaemonSetAsync("agent", "default");
    }

    private static V1LabelSelector Selector(string app) => new() { MatchLabels = new Dictionary<string, string> { ["app"] = app } };

    private static V1PodTemplateSpec Template(string app) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Labels = new Dictionary<string, string> { ["app"] = app },
                Annotations = new Dictionary<string, string> { ["hollow/termination-seconds"] = "1" },
            },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = app, Image = "none" }] },
        };
}
