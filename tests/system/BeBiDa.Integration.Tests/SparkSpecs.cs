using System.Collections.Concurrent;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Nodes;
using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>packaging/spark on a site whose nodes are lent: the driver as it stands there; its executors are stand-ins, made
/// of the template that Spark would make them of.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
internal sealed class SparkSpecs(ApiServerKind kind) : SiteTest
{
    private const string Space = "spark";
    private const int Count = 8;

    private static readonly string Folder = Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "spark");

    private HollowCluster others = null!;

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            Api = kind,
            KubernetesNode = name => new HollowNode(name) { Labels = new Dictionary<string, string> { ["bebida.io/lent"] = "true" } },
            // As docs/spark.md has it, for those who want shuffle data to move.
            Configuration = "controller: {deadline: 60s}\neviction: {gracePeriod: pod, deadline: 45s}\n",
        };

    [OneTimeSetUp]
    public async Task ApplyAsync()
    {
        // A node that is not Slurm's.
        others = await HollowCluster.StartAsync(
            Site.Api.AdminKubeconfig,
            new HollowClusterOptions { ControlPlane = false }.WithNodes("service1")
        );
        await Site.Kubectl.RunAsync("taint", "nodes", "--selector=bebida.io/lent", "bebida.io/lent=true:NoSchedule");
        await Site.Kubectl.RunAsync("apply", "-k", Folder);
        await Eventually.HoldsAsync("the driver runs", Patience, async _ => (await DriverAsync()).Status.Phase == "Running");
    }

    [OneTimeTearDown]
    public async Task StopOthersAsync()
    {
        if (others is not null)
            await others.DisposeAsync();
    }

    [Test]
    public async Task Applied_as_it_is_the_driver_runs_on_a_node_that_is_not_Slurms_under_the_name_that_executors_look_for()
    {
        var driver = await DriverAsync();
        Assert.That(driver.Spec.NodeName, Is.EqualTo("service1"));
        var service = await Site.Client.CoreV1.ReadNamespacedServiceAsync("spark-driver", Space);
        Assert.That((service.Spec.ClusterIP, service.Spec.PublishNotReadyAddresses), Is.EqualTo(("None", (bool?)true)));
        Assert.That(service.Spec.Selector, Is.SubsetOf(driver.Metadata.Labels));
        var container = driver.Spec.Containers.Single();
        Assert.That(
            container.Env.Single(e => e.Name == "SPARK_IMAGE").Value,
            Is.EqualTo(container.Image),
            "driver and executors run the same Spark"
        );
        // What its volume shows is what is mounted.
        var files = (
            await Site.Client.CoreV1.ReadNamespacedConfigMapAsync(
                driver.Spec.Volumes.Single(v => v.ConfigMap is not null).ConfigMap.Name,
                Space
            )
        ).Data;
        var mounted = container.VolumeMounts.First(m => m.Name == "configuration").MountPath;
        Assert.That(
            container.Args,
            Does.Contain($"--properties-file={mounted}/spark-defaults.conf")
                .And.Some.Contains("spark.driver.host=spark-driver.$(POD_NAMESPACE).svc")
        );
        Assert.That(files["spark-defaults.conf"], Does.Contain($"{mounted}/executor.yaml"));
        Assert.That(files["executor.yaml"], Is.EqualTo(await File.ReadAllTextAsync(Path.Combine(Folder, "executor.yaml"))));
    }

    [Test]
    public async Task Applied_again_nothing_changes() =>
        Assert.That(
            (await Site.Kubectl.RunAsync("apply", "-k", Folder)).TrimEnd().Split('\n'),
            Has.Length.EqualTo(7).And.All.EndsWith(" unchanged")
        );

    [TestCase("create", "pods", Space, true)]
    [TestCase("deletecollection", "configmaps", Space, true)]
    [TestCase("create", "pods", "default", false)]
    [TestCase("get", "secrets", Space, false)]
    [TestCase("patch", "nodes", "", false)]
    public async Task The_driver_may_run_executors_in_its_own_namespace_and_nothing_else(
        string verb,
        string resource,
        string space,
        bool allowed
    )
    {
        var kubectl = new Kubectl(Site.Api.WriteKubeconfig("system:serviceaccount:spark:spark"));
        var answer = (await kubectl.RunAsync("auth", "can-i", "--list", $"--namespace={(space.Length > 0 ? space : Space)}")).Split('\n');
        var rights = answer.Where(line => line.Split(' ')[0] == resource).ToList();
        Assert.That(rights.Any(line => line.Contains(verb, StringComparison.Ordinal)), Is.EqualTo(allowed), string.Join('\n', answer));
    }

    [Test]
    public async Task Executors_leave_for_a_job_with_the_grace_that_they_ask_for_and_run_on_elsewhere_and_the_driver_stays()
    {
        var driver = await DriverAsync();
        var graces = new ConcurrentDictionary<string, long?>();
        using var stop = new CancellationTokenSource();
        var following = FollowAsync(graces, stop.Token);
        await Site.Client.AppsV1.CreateNamespacedDeploymentAsync(await StandInsAsync(), Space);
        await RunningAsync();
        var homes = (await ExecutorsAsync()).ToLookup(p => p.Spec.NodeName, p => p.Name());
        Assert.That(new[] { "n1", "n2", "n3" }.Where(n => !homes.Contains(n)), Is.Empty, "executors are on every lent node, taint or not");

        var job = await StartJobAsync("-N2");
        var taken = (await Slurm.JobsAsync(job)).Single().Nodes;
        Assert.That((await ExecutorsAsync()).Where(p => taken.Contains(p.Spec.NodeName)), Is.Empty);
        await RunningAsync();
        await CancelAsync(job);
        await Site.WaitUntilFreeAsync();

        var asked = (await TemplateAsync()).Spec.TerminationGracePeriodSeconds;
        Assert.That(taken.SelectMany(n => homes[n]).Select(p => graces.GetValueOrDefault(p)), Is.Not.Empty.And.All.EqualTo(asked));
        Assert.That((await DriverAsync()).Uid(), Is.EqualTo(driver.Uid()));
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Site.Kubectl.RunAsync("delete", "deployment", "executors", "--namespace=spark", "--cascade=foreground");
    }

    private static async Task<V1Pod> TemplateAsync() =>
        KubernetesYaml.Deserialize<V1Pod>(await File.ReadAllTextAsync(Path.Combine(Folder, "executor.yaml")), strict: true);

    // A driver replaces the executors that it loses; for the stand-ins a Deployment does.
    private static async Task<V1Deployment> StandInsAsync()
    {
        var template = await TemplateAsync();
        template.Metadata.Annotations = new Dictionary<string, string> { [PodAnnotations.TerminationSeconds] = "1" };
        template.Spec.Containers.Single().Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("3") },
        };
        return new V1Deployment
        {
            Metadata = new V1ObjectMeta { Name = "executors" },
            Spec = new V1DeploymentSpec
            {
                Replicas = Count,
                Selector = new V1LabelSelector { MatchLabels = template.Metadata.Labels },
                Template = new V1PodTemplateSpec { Metadata = template.Metadata, Spec = template.Spec },
            },
        };
    }

    private Task<V1Pod> DriverAsync() => Site.Client.CoreV1.ReadNamespacedPodAsync("spark-driver", Space);

    private async Task<IList<V1Pod>> ExecutorsAsync() =>
        (await Site.Client.CoreV1.ListNamespacedPodAsync(Space, labelSelector: "app.kubernetes.io/component=executor")).Items;

    private Task RunningAsync() =>
        Eventually.HoldsAsync(
            $"{Count} executors run",
            Patience,
            async _ =>
                await ExecutorsAsync() is { Count: Count } pods
                && pods.All(p => p.Status?.Phase == "Running" && p.Metadata.DeletionTimestamp is null)
        );

    // The first grace that a pod is given counts: its kubelet deletes it with none when it is done.
    private async Task FollowAsync(ConcurrentDictionary<string, long?> graces, CancellationToken cancellationToken)
    {
        var from = (await Site.Client.CoreV1.ListNamespacedPodAsync(Space, cancellationToken: cancellationToken)).Metadata.ResourceVersion;
        await foreach (
            var (_, pod) in Site.Client.CoreV1.WatchListNamespacedPodAsync(
                Space,
                resourceVersion: from,
                cancellationToken: cancellationToken
            )
        )
            if (pod.Metadata.DeletionTimestamp is not null)
                graces.TryAdd(pod.Name(), pod.Metadata.DeletionGracePeriodSeconds);
    }
}
