using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;
using k8s;

namespace BeBiDa.Containers;

/// <summary>
/// A whole site whose machines are containers that boot systemd: see tests/lab/containers/README.md. It ends with its
/// disposal or with this process. With <c>BEBIDA_LAB_KEEP=1</c> the machines' logs are left behind.
/// </summary>
public sealed partial class ContainerLab : IAsyncDisposable
{
    /// <summary>The machine that runs slurmctld.</summary>
    public const string Controller = "controller";

    /// <summary>The machine that serves the Kubernetes API.</summary>
    public const string Api = "api";

    private static readonly string s_script = Path.Combine(PluginBuild.RepositoryRoot(), "tests", "lab", "containers", "lab.sh");
    private static int s_labs;

    private readonly ContainerLabOptions options;
    private readonly string name;
    private readonly Reaper reaper;
    private readonly Docker docker;
    private bool disposed;

    private ContainerLab(ContainerLabOptions options, string name, Reaper reaper)
    {
        this.options = options;
        this.name = name;
        this.reaper = reaper;
        Nodes = [.. Enumerable.Range(1, options.Nodes).Select(i => $"n{i}")];
        Directory = Path.Combine(Path.GetTempPath(), "bebida-labs", name);
        docker = new Docker($"bebida-{name}-", File.ReadAllText(Path.Combine(Directory, "docker-host")).Trim());
        Kubeconfig = Path.Combine(Directory, "kubernetes", "kubernetes-admin.kubeconfig");
    }

    /// <summary>The nodes' names in Slurm, in Kubernetes, and as machines.</summary>
    public IReadOnlyList<string> Nodes { get; }

    /// <summary>What all machines see as /lab.</summary>
    public string Directory { get; }

    /// <summary>A kubeconfig with all rights, for programs on this host.</summary>
    public string Kubeconfig { get; }

    /// <summary>A client with all rights.</summary>
    public Kubernetes Client { get; private set; } = null!;

    /// <summary>kubectl as an admin's.</summary>
    public Kubectl Kubectl { get; private set; } = null!;

    /// <summary>Where the embedded API server is told to fail, by plain HTTP (see <c>BeBiDa.EmbeddedApi --help</c>); the real one has no such place.</summary>
    public Uri ApiControl =>
        options is { Api: ApiServerKind.Embedded, Kind: NodeKind.Hollow }
            ? new UriBuilder(Client.BaseUri) { Scheme = "http", Port = 6444 }.Uri
            : throw new LabException("a real API server has no control endpoint; cut the network instead");

    /// <summary>Starts a lab; returns when every node is ready in Kubernetes and idle in Slurm.</summary>
    public static async Task<ContainerLab> StartAsync(ContainerLabOptions options, CancellationToken cancellationToken = default)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new LabException("The container lab needs root: it starts Docker where none runs.");
        var name = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref s_labs)}";
        var reaper = Reaper.Start(s_script, name);
        ContainerLab? lab = null;
        try
        {
            await UpAsync(options, name, cancellationToken);
            lab = new ContainerLab(options, name, reaper);
            await lab.ConnectToApiAsync(cancellationToken);
            await lab.WaitUntilReadyAsync(cancellationToken);
            return lab;
        }
        catch
        {
            lab?.Client?.Dispose();
            await reaper.ReapAsync();
            throw;
        }
    }

    /// <summary>Waits until every node is ready in Kubernetes, and idle in Slurm.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken = default)
    {
        IReadOnlyList<string> ready = [],
            idle = [];
        try
        {
            await Eventually.HoldsAsync(
                "every node is Ready in Kubernetes and idle in Slurm",
                options.Patience,
                async cancel =>
                    (ready = await ReadyNodesAsync(cancel)).Count == Nodes.Count
                    && (idle = await IdleNodesAsync(cancel)).Count == Nodes.Count,
                cancellationToken,
                () => $"Ready: {string.Join(' ', ready)}; idle: {string.Join(' ', idle)}. BEBIDA_LAB_KEEP=1 keeps the machines' logs."
            );
        }
        catch (TimeoutException timeout)
        {
            // Often all that is left of a machine by the time somebody reads this.
            var late = Nodes.Except(ready).Concat(Nodes.Except(idle)).Append(Nodes[0]).First();
            var services = await ExecAsync(
                late,
                ["systemctl", "status", "--no-pager", "--lines=4", "kubelet", "containerd", "slurmd"],
                cancellationToken: cancellationToken
            );
            // Of a machine that did not boot, the words of its systemd.
            var words = services.ExitCode == 0 ? "" : await LastWordsAsync(late, cancellationToken);
            throw new TimeoutException($"{timeout.Message}\n{late}: {services.StandardOutput}{services.StandardError}\n{words}", timeout);
        }
    }

    /// <summary>Ends all machines; when this returns, nothing is left of them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        Client.Dispose();
        await reaper.ReapAsync();
    }

    private static async Task UpAsync(ContainerLabOptions options, string name, CancellationToken cancellationToken)
    {
        var configuration = System.IO.Directory.CreateTempSubdirectory("bebida-configuration-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(configuration, "bebida.yaml"), options.Configuration, cancellationToken);
            await File.WriteAllLinesAsync(Path.Combine(configuration, "plugstack.conf"), options.PlugStack, cancellationToken);
            await File.WriteAllLinesAsync(Path.Combine(configuration, "slurm.conf"), options.SlurmConf, cancellationToken);
            List<string> words =
            [
                "up",
                "--name",
                name,
                "--nodes",
                $"{options.Nodes}",
                "--owner",
                $"{Environment.ProcessId}",
                "--configuration",
                configuration,
            ];
            if (!options.Plugin)
                words.Add("--no-plugin");
            if (options.Spank)
                words.Add("--spank");
            if (options.Kind == NodeKind.Real)
                words.Add("--real-kubelet");
            else if (options.Api == ApiServerKind.Real)
                words.Add("--real-api");
            (await Docker.RunAsync(s_script, words, cancellationToken: cancellationToken)).EnsureSucceeded();
        }
        finally
        {
            System.IO.Directory.Delete(configuration, recursive: true);
        }
    }

    private async Task<string> LastWordsAsync(string machine, CancellationToken cancellationToken)
    {
        var output = await docker.ReadOutputAsync(machine, cancellationToken);
        return $"{machine}: {string.Join('\n', output.TrimEnd().Split('\n').TakeLast(20))}\n";
    }

    private async Task ConnectToApiAsync(CancellationToken cancellationToken)
    {
        var ready = Path.Combine(Directory, "kubernetes", "ready");
        try
        {
            await Eventually.HoldsAsync(
                "the Kubernetes API is ready",
                options.Patience,
                _ => Task.FromResult(File.Exists(ready)),
                cancellationToken
            );
        }
        catch (TimeoutException timeout)
        {
            var words = await LastWordsAsync("api", cancellationToken) + await LastWordsAsync("controllers", cancellationToken);
            throw new TimeoutException($"{timeout.Message}\n{words}", timeout);
        }
        Client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(Kubeconfig));
        Kubectl = new Kubectl(Kubeconfig);
    }
}
