using System.Text.Json;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Lab;
using BeBiDa.Site;
using CliWrap;
using CliWrap.Buffered;
using k8s;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>bebidactl check on a site with a real slurmctld: nothing is found while all is well, and each thing that is wrong by its name.</summary>
public sealed partial class CheckSpecs
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private Site.Site site = null!;
    private EmbeddedApiServer other = null!,
        late = null!;
    private string folder = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        site = await Site.Site.StartAsync(
            new SiteOptions { Nodes = 2, Slurm = slurm => slurm with { ExtraConfiguration = ["BatchStartTimeout=70"] } }
        );
        slurmVersion = (await site.Slurm.RunAsync("scontrol", ["--version"])).EnsureSucceeded().StandardOutput;
        other = await EmbeddedApiServer.StartAsync();
        late = await EmbeddedApiServer.StartAsync(new EmbeddedApiOptions { Clock = new SkewedClock(TimeSpan.FromMinutes(11)) });
        var admin = new Kubectl(late.AdminKubeconfig);
        await admin.RunAsync("apply", "-f", Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac.yaml"));
        using var client = ApiClient.FromKubeconfig(late.AdminKubeconfig);
        foreach (var node in site.Slurm.Nodes)
            await new ApiClient(client).CreateAsync(
                Resources.Nodes.In(null),
                new V1Node
                {
                    ApiVersion = "v1",
                    Kind = "Node",
                    Metadata = new V1ObjectMeta { Name = node },
                },
                default
            );
        await Eventually.HoldsAsync(
            "the nodes are ready",
            Patience,
            async _ =>
                (await site.Client.CoreV1.ListNodeAsync()).Items.All(node =>
                    node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true
                )
        );
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var one in new IAsyncDisposable?[] { late, other, site })
            if (one is not null)
                await one.DisposeAsync();
    }

    [SetUp]
    public void MakeFolder()
    {
        folder = Directory.CreateTempSubdirectory("check-").FullName;
        // For SlurmUser to enter, whoever that is.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task On_a_healthy_site_nothing_is_found([Values("controller", "node")] string role)
    {
        var healthy = new BrokenSite(site, folder);
        var found = await CheckAsync(healthy, role);
        Exits(found, 0);
        Assert.That(found.StandardOutput, Does.Match($@"^no problems found; checked on this {role}: configuration, .*\n$"));
    }

    [Test]
    public async Task Pods_that_a_hold_does_not_keep_away_are_named_with_their_owner()
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "stubborn" },
            Spec = new V1PodSpec
            {
                NodeName = "n1",
                Tolerations = [new V1Toleration { OperatorProperty = "Exists" }],
                Containers = [new V1Container { Name = "main", Image = "hollow" }],
            },
        };
        await site.Client.CoreV1.CreateNamespacedPodAsync(pod, "default");
        try
        {
            var found = Findings(await CheckAsync(new BrokenSite(site, folder), "controller", "--output", "json")).Single();
            Assert.That(
                (found.Check, found.What),
                Is.EqualTo(
                    (
                        "pods/tolerate-unschedulable",
                        "default/Pod/stubborn: pods on lent nodes tolerate the taint node.kubernetes.io/unschedulable"
                    )
                )
            );
        }
        finally
        {
            await site.Client.CoreV1.DeleteNamespacedPodAsync("stubborn", "default", new V1DeleteOptions { GracePeriodSeconds = 0 });
        }
    }

    [Test]
    public async Task Nor_where_scripts_hand_over_instead_of_the_plugin()
    {
        var healthy = new BrokenSite(site, folder);
        healthy.Conf =
            healthy.Conf.Replace(",prep/bebida", "")
            + $"PrologSlurmctld={healthy.Add("prolog.sh", "#!/bin/sh\nexec bebidactl hook prolog\n")}\n";
        Exits(await CheckAsync(healthy, "controller"), 0);
        healthy.Conf += "PrologEpilogTimeout=72\n";
        healthy.Yaml += "controller: {deadline: 75s}\n";
        Assert.That(
            Findings(await CheckAsync(healthy, "controller", "--output", "json")).Select(f => (f.Check, f.Write)),
            Is.EqualTo(new[] { ("timeouts/prolog-epilog", "PrologEpilogTimeout=85") })
        );
    }

    [Test]
    public async Task A_real_API_server_is_asked_the_same()
    {
        if (!RealApiServer.IsAvailable)
            Assert.Ignore($"no kube-apiserver in {RealApiServer.Assets}");
        await using var real = await Site.Site.StartAsync(
            new SiteOptions
            {
                Nodes = 2,
                Api = ApiServerKind.Real,
                Slurm = slurm => slurm with { ExtraConfiguration = ["BatchStartTimeout=70"] },
            }
        );
        var broken = new BrokenSite(real, folder);
        Assert.That(await FoundAsync(), Is.EqualTo(new[] { "kubernetes/flow-control" }));
        await new Kubectl(real.Api.AdminKubeconfig).RunAsync(
            "apply",
            "-f",
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "flow-control.yaml")
        );
        await Eventually.HoldsAsync("the server knows the levels", Patience, async _ => (await FoundAsync()).Count == 0);
        var found = await CheckAsync(broken, "controller");
        Exits(found, 0);
        Assert.That(found.StandardOutput, Does.StartWith("no problems found; ").And.Contains("flow control"));
        broken.Kubeconfig = await File.ReadAllTextAsync(real.Api.WriteKubeconfig("bebida2"));
        Assert.That(await FoundAsync(), Is.EqualTo(new[] { "kubernetes/right", "kubernetes/flow-control" }));
        broken.Kubeconfig = await File.ReadAllTextAsync(real.Api.AdminKubeconfig);
        Assert.That(await FoundAsync(), Is.EqualTo(new[] { "kubeconfig/too-powerful", "kubernetes/flow-control" }));

        async Task<IReadOnlyList<string>> FoundAsync() =>
            [.. Findings(await CheckAsync(broken, "controller", "--output", "json")).Select(f => f.Check).Distinct()];
    }

    [TestCaseSource(nameof(OnTheController))]
    public Task What_is_wrong_on_slurmctlds_host_is_found_and_named(
        string check,
        string write,
        bool error,
        Func<BrokenSite, Task> break_
    ) => IsFoundAsync("controller", check, write, error, break_);

    [TestCaseSource(nameof(OnANode))]
    public Task What_is_wrong_on_a_node_is_found_and_named(string check, string write, bool error, Func<BrokenSite, Task> break_) =>
        IsFoundAsync("node", check, write, error, break_);

    [Test]
    public async Task A_node_that_has_its_configuration_from_slurmctld_is_told_to_write_there()
    {
        var configless = new BrokenSite(site, Path.Combine(folder, "conf-cache"), other, late);
        Exits(await CheckAsync(configless, "node"), 0);
        configless.PlugStack = "# nothing\n";
        var found = Findings(await CheckAsync(configless, "node", "--output", "json"));
        Assert.That(
            found.Select(f => (f.Check, f.Write, f.Where)),
            Is.EqualTo(
                new[]
                {
                    (
                        "plugstack.conf/missing",
                        "optional spank_bebida.so",
                        "plugstack.conf beside slurm.conf on the host of slurmctld; then scontrol reconfigure"
                    ),
                }
            )
        );
    }

    [Test]
    public async Task Pods_in_another_cgroup_than_is_configured_are_found()
    {
        var broken = new BrokenSite(site, folder, other, late);
        broken.Yaml += "node: {podCgroups: [no-such.slice]}\n";
        Exits(await CheckAsync(broken, "node"), 0);
        File.Copy("/bin/sleep", Path.Combine(folder, "kubelet"));
        using var kubelet = System.Diagnostics.Process.Start(Path.Combine(folder, "kubelet"), "1000");
        var found = Findings(await CheckAsync(broken, "node", "--output", "json"));
        kubelet.Kill();
        await kubelet.WaitForExitAsync();
        Assert.That(
            found.Select(f => (f.Check, f.What)),
            Is.EqualTo(new[] { ("services/pod-cgroups", "kubelet is running, but none of node.podCgroups (no-such.slice) exists") })
        );
    }

    [Test]
    public async Task A_node_whose_clock_is_wrong_is_found()
    {
        var broken = new BrokenSite(site, folder, other, late);
        using var client = ApiClient.FromKubeconfig(site.Api.AdminKubeconfig);
        var admin = new ApiClient(client);
        await admin.CreateAsync(
            Resources.Nodes.In(null),
            new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new V1ObjectMeta { Name = "stranger" },
                Status = new V1NodeStatus
                {
                    Conditions =
                    [
                        new V1NodeCondition
                        {
                            Type = "Ready",
                            Status = "True",
                            LastHeartbeatTime = DateTime.UtcNow.AddMinutes(7),
                        },
                    ],
                },
            },
            default
        );
        try
        {
            var found = await CheckAsync(broken, "controller", "--output", "json");
            Assert.That(Findings(found).Select(f => (f.Check, f.Where)), Is.EqualTo(new[] { ("clocks/node", "stranger") }));
        }
        finally
        {
            await admin.DeleteAsync(Resources.Nodes.At(null, "stranger"), new V1DeleteOptions(), default);
        }
    }

    [Test]
    public async Task A_slurmctld_that_has_not_been_restarted_or_does_not_run_is_found()
    {
        await using var idle = await Site.Site.StartAsync(
            new SiteOptions
            {
                Nodes = 2,
                HandOver = HandOverBy.Nobody,
                Slurm = slurm => slurm with { ExtraConfiguration = ["BatchStartTimeout=70"] },
            }
        );
        var broken = new BrokenSite(idle, folder);
        var build = PluginBuild.Locate();
        broken.Conf = broken
            .Conf.Replace("PrEpPlugins=prep/script", "PrEpPlugins=prep/script,prep/bebida")
            .Replace("PluginDir=", $"PluginDir={build.PluginDirectory}:");
        var found = await CheckAsync(broken, "controller", "--output", "json");
        Assert.That(
            Findings(found).Select(f => (f.Check, f.Write)),
            Is.EqualTo(new[] { ("slurm.conf/not-restarted", "systemctl restart slurmctld") })
        );

        await idle.Slurm.StopControllerAsync();
        found = await CheckAsync(broken, "controller", "--output", "json");
        Assert.That(Findings(found).Select(f => f.Check), Is.EqualTo(new[] { "slurm.conf/slurmctld" }));
        Exits(found, 1);
    }

    [Test]
    public async Task Whose_host_it_is_is_found_out_and_told_where_it_is_nobodys()
    {
        var healthy = new BrokenSite(site, folder);
        var both = await CheckAsync(healthy, null, "--output", "json");
        using var json = JsonDocument.Parse(both.StandardOutput);
        Assert.That(
            json.RootElement.GetProperty("roles").EnumerateArray().Select(role => role.GetString()),
            Is.EqualTo(new[] { "Controller", "Node" })
        );
        Exits(await CheckAsync(healthy, "login"), 2);
    }

    [Test]
    public async Task A_finding_says_what_why_what_to_write_and_where()
    {
        var broken = new BrokenSite(site, folder, other, late);
        broken.Conf = broken.Conf.Replace(",prep/bebida", "");
        var found = await CheckAsync(broken, "controller");
        Exits(found, 1);
        var line = Array.FindIndex(broken.Conf.Split('\n'), text => text.StartsWith("PrEpPlugins", StringComparison.Ordinal)) + 1;
        Assert.That(
            found.StandardOutput,
            Is.EqualTo(
                $"""
                error: PrEpPlugins=prep/script has no prep/bebida
                  why:   slurmctld does not load the plugin: no job's nodes are taken from Kubernetes
                  write: PrEpPlugins=prep/script,prep/bebida
                  where: {folder}/slurm.conf:{line}; then systemctl restart slurmctld
                  check: slurm.conf/prep-plugins

                1 error, 0 warnings; checked on this controller: configuration, slurm.conf, plugin, timeouts, power, states, reservations, kubeconfig, node clocks, node names, pods

                """
            )
        );
    }

    private async Task IsFoundAsync(string role, string check, string write, bool error, Func<BrokenSite, Task> break_)
    {
        var broken = new BrokenSite(site, folder, other, late);
        await break_(broken);
        var result = await CheckAsync(broken, role, "--output", "json");
        Exits(result, error ? 1 : 0);
        var found = Findings(result);
        Assert.That(found.Select(f => f.Check).Distinct(), Is.EqualTo(check.Split(' ')), result.StandardOutput);
        Assert.That(found.Select(f => f.Severity).Distinct(), Is.EqualTo(new[] { error ? "Error" : "Warning" }));
        Assert.That(found[^1].Write, Does.Match(write));
        Assert.That(found, Has.All.Matches<Found>(f => f!.What.Length > 0 && f.Why.Length > 0 && f.Where.Length > 0));
    }

    private static async Task<BufferedCommandResult> CheckAsync(BrokenSite broken, string? role, params string[] more)
    {
        using var limit = new CancellationTokenSource(Patience);
        return await Cli.Wrap(PluginBuild.Locate().Tool)
            .WithArguments(["check", .. role is null ? Array.Empty<string>() : ["--role", role], .. more])
            .WithEnvironmentVariables(broken.Write())
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(limit.Token);
    }

    private static List<Found> Findings(BufferedCommandResult result)
    {
        using var json = JsonDocument.Parse(result.StandardOutput);
        return
        [
            .. json
                .RootElement.GetProperty("findings")
                .EnumerateArray()
                .Select(f => new Found(
                    Text(f, "severity"),
                    Text(f, "check"),
                    Text(f, "what"),
                    Text(f, "why"),
                    Text(f, "write"),
                    Text(f, "where")
                )),
        ];
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static void Exits(BufferedCommandResult result, int exitCode) =>
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result.StandardOutput}\n{result.StandardError}");

    private sealed class SkewedClock(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
    }

    private sealed record Found(string Severity, string Check, string What, string Why, string Write, string Where);
}
