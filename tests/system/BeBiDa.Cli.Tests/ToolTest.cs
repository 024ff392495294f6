using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Lab;
using BeBiDa.Site;
using CliWrap;
using CliWrap.Buffered;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>The installed bebidactl with a configuration, a Kubernetes of three nodes, n1 to n3, and Slurm's scontrol.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.Children)]
public abstract class ToolTest
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private string folder = "";
    private HollowCluster cluster = null!;
    private k8s.Kubernetes client = null!;

    /// <summary>Quick about an outage, and strict about what it waits for.</summary>
    protected const string ShortDeadlines = "controller: {deadline: 2s}\neviction: {deadline: 1s, gracePeriod: 0s}\n";

    protected static string Bebidactl { get; } = PluginBuild.Locate().Tool;

    protected EmbeddedApiServer Server { get; private set; } = null!;

    protected ApiClient Admin { get; private set; } = null!;

    protected Kubectl Kubectl { get; private set; } = null!;

    protected string Configuration { get; private set; } = "";

    [SetUp]
    public async Task StartAsync()
    {
        folder = Directory.CreateTempSubdirectory("bebidactl-").FullName;
        Server = await EmbeddedApiServer.StartAsync();
        cluster = await HollowCluster.StartAsync(
            Server.AdminKubeconfig,
            new HollowClusterOptions
            {
                ControlPlane = false,
                Kubelet = new KubeletOptions { Termination = TimeSpan.FromMilliseconds(50) },
            }.WithNodes("n1", "n2", "n3")
        );
        client = ApiClient.FromKubeconfig(Server.AdminKubeconfig);
        Admin = new ApiClient(client);
        Kubectl = new Kubectl(Server.AdminKubeconfig);
        Configuration = Configure("");
        // scontrol wants a configuration, also to expand a list.
        Add("slurm.conf", "ClusterName=lab\nSlurmctldHost=localhost\n");
        // There is no slurmctld: as far as squeue knows, every job has left.
        Directory.CreateDirectory(PathOf("bin"));
        Squeue("case \" $* \" in *' --jobs '*) echo 'no such job' >&2; exit 1 ;; esac");
    }

    [TearDown]
    public async Task StopAsync()
    {
        client.Dispose();
        await cluster.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    protected string PathOf(string name) => Path.Combine(folder, name);

    protected string Add(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(PathOf(name), text);
        File.SetUnixFileMode(PathOf(name), mode);
        return PathOf(name);
    }

    /// <summary>What squeue does.</summary>
    protected void Squeue(string script) =>
        Add("bin/squeue", $"#!/bin/sh\n{script}\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Writes the configuration anew.</summary>
    protected string Configure(string more, string? kubeconfig = null) =>
        Configuration = Add("bebida.yaml", $"kubernetes:\n  kubeconfig: {kubeconfig ?? Server.AdminKubeconfig}\n{more}");

    /// <summary>The environment of every run: nothing of the machine's Slurm, and no BeBiDa but this one.</summary>
    protected Dictionary<string, string?> Environment(params (string Name, string? Value)[] more)
    {
        var all = System
            .Environment.GetEnvironmentVariables()
            .Keys.Cast<string>()
            .Where(name => name.StartsWith("SLURM", StringComparison.Ordinal) || name is "NO_COLOR" or "KUBECONFIG")
            .ToDictionary(name => name, _ => (string?)null);
        all["BEBIDA_CONFIG"] = Configuration;
        all["SLURM_CONF"] = PathOf("slurm.conf");
        all["PATH"] = $"{PathOf("bin")}:{System.Environment.GetEnvironmentVariable("PATH")}";
        foreach (var (name, value) in more)
            all[name] = value;
        return all;
    }

    protected Task<BufferedCommandResult> RunAsync(params string[] arguments) => RunAsync(Environment(), arguments);

    protected static async Task<BufferedCommandResult> RunAsync(
        IReadOnlyDictionary<string, string?> environment,
        params string[] arguments
    ) => await ExecuteAsync(CliWrap.Cli.Wrap(Bebidactl).WithArguments(arguments).WithEnvironmentVariables(environment));

    protected static async Task<BufferedCommandResult> ExecuteAsync(Command command)
    {
        using var limit = new CancellationTokenSource(Patience);
        return await command.WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
    }

    protected async Task RunPodAsync(string name, string node, bool stuck = false, bool tolerates = false)
    {
        await Admin.CreateAsync(
            Resources.Pods.In("default"),
            new V1Pod
            {
                ApiVersion = "v1",
                Kind = "Pod",
                Metadata = new V1ObjectMeta
                {
                    Name = name,
                    Annotations = stuck ? new Dictionary<string, string> { [PodAnnotations.IgnoreTermination] = "true" } : null,
                },
                Spec = new V1PodSpec
                {
                    NodeName = node,
                    Tolerations = tolerates ? [new V1Toleration { OperatorProperty = "Exists" }] : null,
                    Containers = [new V1Container { Name = "main", Image = "hollow" }],
                },
            },
            default
        );
        await Eventually.HoldsAsync(
            $"{name} runs",
            Patience,
            async _ => (await Admin.GetAsync<V1Pod>(Resources.Pods.At("default", name), default)).Status?.Phase == "Running"
        );
    }

    protected async Task<IReadOnlyList<string>> PodsAsync() =>
        [.. (await Admin.GetAsync<V1PodList>(Resources.Pods.In("default"), default)).Items.Select(p => p.Metadata.Name)];

    /// <summary>A node in a word: "open", "closed", or "closed" with the holds on it.</summary>
    protected async Task<string> StateAsync(string node)
    {
        var now = await Admin.GetAsync<V1Node>(Resources.Nodes.At(null, node), default);
        var holds = (now.Metadata.Annotations ?? new Dictionary<string, string>())
            .Keys.Where(k => k.StartsWith("hold.bebida.io/", StringComparison.Ordinal))
            .Select(k => k["hold.bebida.io/".Length..])
            .Order(StringComparer.Ordinal);
        return string.Join(' ', [now.Spec?.Unschedulable == true ? "closed" : "open", .. holds]);
    }

    protected static void Exits(BufferedCommandResult result, int exitCode) =>
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), $"{result.StandardOutput}\n{result.StandardError}");
}
