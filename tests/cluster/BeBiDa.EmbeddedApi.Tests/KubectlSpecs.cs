using System.Text;
using CliWrap;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>What an admin does by kubectl.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class KubectlSpecs(ApiServerKind kind)
{
    private IApiServer server = null!;
    private ApiClient admin = null!;
    private Kubectl kubectl = null!;
    private string space = "";
    private string node = "";

    private string Deployment(string image, int replicas = 1) =>
        $$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
              namespace: {{space}}
            spec:
              replicas: {{replicas}}
              selector:
                matchLabels: {app: web}
              template:
                metadata:
                  labels: {app: web}
                spec:
                  containers:
                  - name: c
                    image: {{image}}
                    env:
                    - {name: A, value: "1"}
            """;

    [SetUp]
    public async Task Connect()
    {
        Kubectl.Require();
        server = await SharedServers.Get(kind);
        admin = new(server, server.AdminKubeconfig);
        kubectl = new(server.AdminKubeconfig);
        var unique = Guid.NewGuid().ToString()[..8];
        space = $"k-{unique}";
        node = $"kn-{unique}";
        await admin.Post("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{space}}}"}}""");
        await admin.Post(
            "/api/v1/nodes",
            $$$"""{"metadata":{"name":"{{{node}}}","labels":{"test":"{{{unique}}}"}},"status":{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}}"""
        );
    }

    [TearDown]
    public async Task Disconnect()
    {
        if (admin is null)
            return;
        await admin.Delete($"/api/v1/nodes/{node}");
        admin.Dispose();
    }

    [Test]
    public async Task Get_prints_tables()
    {
        Assert.That(await kubectl.Run($"get node {node}"), Does.Match($@"NAME +STATUS +ROLES +AGE +VERSION\s+{node} +Ready +<none>"));
        Assert.That(await kubectl.Run($"get node {node} -o wide"), Does.Contain("CONTAINER-RUNTIME"));
        Assert.That(await kubectl.Run($"get node {node} -o yaml"), Does.Contain("reason: KubeletReady"));
        Assert.That(await kubectl.Run($"get nodes -l test={node[3..]} -o name"), Is.EqualTo($"node/{node}\n"));
        Assert.That(
            await kubectl.Run("get nodes,namespaces,pods,deployments,replicasets,daemonsets,pdb,leases,events -A"),
            Does.Contain($"node/{node}")
        );
    }

    [Test]
    public async Task Apply_creates_changes_and_removes()
    {
        Assert.That(await kubectl.Run("apply -f -", Deployment("busybox:1")), Does.Contain("deployment.apps/web created"));
        Assert.That(await kubectl.Run("apply -f -", Deployment("busybox:1")), Does.Contain("deployment.apps/web unchanged"));
        Assert.That(await kubectl.Run("apply -f -", Deployment("busybox:2", 3)), Does.Contain("deployment.apps/web configured"));
        Assert.That(
            await kubectl.Run($"get deployment web -n {space} -o jsonpath={{.spec.replicas}}/{{.spec.template.spec.containers[0].image}}"),
            Is.EqualTo("3/busybox:2")
        );
        Assert.That(await kubectl.Run("delete -f -", Deployment("busybox:2")), Does.Contain("deployment.apps \"web\" deleted"));
    }

    [Test]
    public async Task Drain_evicts_what_it_may_and_leaves_the_rest()
    {
        var pods = $"/api/v1/namespaces/{space}/pods";
        var set = await admin.Post(
            $"/apis/apps/v1/namespaces/{space}/daemonsets",
            """{"metadata":{"name":"agent"},"spec":{"selector":{"matchLabels":{"app":"agent"}},"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}"""
        );
        async Task Pod(string name, string metadata = "", string spec = "")
        {
            var made = await admin.Post(
                pods,
                $"{{\"metadata\":{{\"name\":\"{name}\"{metadata}}},\"spec\":{{\"nodeName\":\"{node}\",\"containers\":[{{\"name\":\"c\",\"image\":\"i\"}}]{spec}}}}}"
            );
            Assert.That(made.Code, Is.EqualTo(201), made.Message);
            await admin.Patch(
                $"{pods}/{name}/status",
                ApiClient.MergePatch,
                """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"""
            );
        }

        await Pod("bare");
        await Pod("scratch", spec: ""","volumes":[{"name":"v","emptyDir":{}}]""");
        await Pod(
            "agent",
            $$$""","labels":{"app":"agent"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"agent","uid":"{{{set.Uid}}}","controller":true}]"""
        );
        await Pod("guarded", ""","labels":{"app":"guarded"}""");
        var budget = $"/apis/policy/v1/namespaces/{space}/poddisruptionbudgets";
        await admin.Post(
            budget,
            """{"metadata":{"name":"guarded"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"guarded"}}}}"""
        );
        if (kind == ApiServerKind.Real)
            await admin.Patch(
                $"{budget}/guarded/status",
                ApiClient.MergePatch,
                """{"status":{"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1,"disruptionsAllowed":0}}"""
            );

        // Without kubelets nobody finishes a graceful deletion; this loop is theirs.
        using var done = new CancellationTokenSource();
        var kubelet = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                foreach (var pod in (await admin.Get(pods))["items"]!.AsArray())
                {
                    if (pod!["metadata"]!["deletionTimestamp"] is not null)
                        await admin.Delete($"{pods}/{pod["metadata"]!["name"]}?gracePeriodSeconds=0");
                }
                await Task.Delay(50);
            }
        });
        var drained = await kubectl.Try($"drain {node} --force --ignore-daemonsets --delete-emptydir-data --grace-period=1 --timeout=15s");
        await done.CancelAsync();
        await kubelet;

        Assert.That(drained.ExitCode, Is.Not.Zero);
        Assert.That(drained.StandardError + drained.StandardOutput, Does.Contain("disruption budget"));
        var left = (await admin.Get(pods))["items"]!.AsArray().Select(pod => pod!["metadata"]!["name"]!.GetValue<string>());
        Assert.That(left, Is.EquivalentTo(new[] { "agent", "guarded" }));
        Assert.That((await admin.Get($"/api/v1/nodes/{node}")).At("spec", "unschedulable")!.GetValue<bool>());
        await admin.Delete($"{pods}/agent?gracePeriodSeconds=0");
        await admin.Delete($"{pods}/guarded?gracePeriodSeconds=0");
    }

    [Test]
    public async Task Get_with_watch_prints_changes_as_they_come()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var printed = new StringBuilder();
        var watching = kubectl
            .Command($"get node {node} -w")
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(printed))
            .ExecuteAsync(stop.Token);
        await Until(() => printed.ToString().Contains(node, StringComparison.Ordinal));
        // kubectl passes over the first event of its watch, which tells what it has just printed; a change that came in between
        // is lost on it. So there are changes until it tells of one.
        for (var cordoned = true; !printed.ToString().Contains("SchedulingDisabled", StringComparison.Ordinal); cordoned = !cordoned)
        {
            await admin.Patch(
                $"/api/v1/nodes/{node}",
                ApiClient.MergePatch,
                cordoned ? """{"spec":{"unschedulable":true}}""" : """{"spec":{"unschedulable":false}}"""
            );
            await Task.Delay(TimeSpan.FromMilliseconds(200), stop.Token);
        }
        await stop.CancelAsync();
        try
        {
            await watching;
        }
        catch (OperationCanceledException)
        {
            // It would watch for ever.
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow.AddMinutes(3);
        while (!condition())
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(deadline));
            await Task.Delay(20);
        }
    }
}
