using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Lab;
using BeBiDa.Site;
using k8s;
using k8s.Models;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Real Slurm daemons, Kubernetes with hollow kubelets, and who hands nodes over between the two.</summary>
internal sealed class LendingSite : IAsyncDisposable
{
    private const string Plugin = "bebida";
    private const string Scripts = "scripts";

    // Everything that was started, to be stopped in the opposite order.
    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly DaemonsOptions _options;
    private readonly string _directory = Directory.CreateTempSubdirectory("bebida-harvest-").FullName;
    private IApiServer _api = null!;
    private ControlPlane _controlPlane = null!;

    private LendingSite(DaemonsOptions options) => _options = options;

    /// <summary>The Slurm cluster.</summary>
    public SlurmCluster Slurm { get; private set; } = null!;

    /// <summary>An admin's client, of whoever looks and of the pods' queue.</summary>
    public Kubernetes Client { get; private set; } = null!;

    /// <summary>All pods, kept by a watch.</summary>
    public Informer<V1Pod> Pods { get; private set; } = null!;

    /// <summary>Which of Kubernetes' programs are real.</summary>
    public string Kubernetes => _controlPlane.Description;

    /// <summary>The requests of who hands over, until now; null where nobody counts them.</summary>
    public long? Requests => _options.Way == Way.None ? 0 : _api.RequestsOf(_options.Way == Way.Plugin ? Plugin : Scripts);

    /// <summary>Starts everything; returns when all nodes are ready on both sides.</summary>
    public static async Task<LendingSite> StartAsync(DaemonsOptions options, CancellationToken stop)
    {
        var site = new LendingSite(options);
        try
        {
            await site.StartKubernetesAsync(stop);
            await site.StartSlurmAsync(stop);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Throws if one of the daemons has ended, and says which.</summary>
    /// <exception cref="LabException">One has.</exception>
    public void EnsureAllRun()
    {
        foreach (var daemon in Slurm.Nodes.Select(Slurm.NodeDaemon).Prepend(Slurm.Controller))
            if (!daemon.IsRunning)
                throw new LabException($"{daemon.Name} ended. {Tail(daemon.ReadLog())}");
        var ended = _controlPlane.Ended.Concat(_api is RealApiServer real ? real.Ended : []).FirstOrDefault();
        if (ended is not null)
            throw new LabException($"{ended.Name} ended. Its last words:\n{ended.LastLines()}");
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
        Client?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartKubernetesAsync(CancellationToken stop)
    {
        _api = await TestServers.StartAsync(_options.Api, stop, [Plugin, Scripts]);
        _parts.Push(_api);
        await new Kubectl(_api.AdminKubeconfig).RunAsync(
            "apply",
            "-f",
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac.yaml")
        );
        _controlPlane = ControlPlane.Start(_options, _api, _directory);
        _parts.Push(_controlPlane);
        _parts.Push(
            await HollowCluster.StartAsync(
                _api.AdminKubeconfig,
                new HollowClusterOptions
                {
                    Nodes = [.. Enumerable.Range(1, _options.Nodes).Select(i => Node($"n{i}"))],
                    ControlPlane = !_controlPlane.IsReal,
                    Kubelet = new KubeletOptions { Termination = _options.Compressed(_options.PodEnd) },
                },
                cancellationToken: stop
            )
        );
        Client = ApiClient.FromKubeconfig(_api.AdminKubeconfig);
        if (_options.Way == Way.None)
            foreach (var node in Enumerable.Range(1, _options.Nodes))
                await new ApiClient(Client).MergeAsync<V1Node>(
                    Resources.Nodes.At(null, $"n{node}"),
                    new { spec = new { unschedulable = true } },
                    stop
                );
        Pods = new Informer<V1Pod>(new ApiClient(Client), Resources.Pods, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        _parts.Push(Pods);
    }

    private async Task StartSlurmAsync(CancellationToken stop)
    {
        var slurm = new SlurmOptions
        {
            Nodes = _options.Nodes,
            // Slurm's own: scripts may take long from a job's allocation to its start.
            CredentialLifetime = TimeSpan.FromMinutes(2),
            ExtraConfiguration = SlurmSettings.Of(_options),
        };
        slurm = _options.Way switch
        {
            Way.Plugin => slurm.WithPlugin(PluginBuild.Locate(), await ConfigurationAsync(stop)),
            Way.Scripts => new ScriptedHandOver(
                new Kubectl(_api.AdminKubeconfig).Path,
                _api.WriteKubeconfig(Scripts, "system:masters")
            ).ApplyTo(slurm),
            _ => slurm,
        };
        Slurm = await SlurmCluster.StartAsync(slurm, stop);
        _parts.Push(Slurm);
    }

    private async Task<string> ConfigurationAsync(CancellationToken stop)
    {
        var file = Path.Combine(_directory, "bebida.yaml");
        await File.WriteAllTextAsync(
            file,
            $"""
            kubernetes:
              kubeconfig: {_api.WriteKubeconfig(Plugin)}
            controller:
              reconcileInterval: {_options.Interval(60)}s
            slurm:
              lookInterval: {_options.Interval(5)}s
            nodes:
              lead: {Duration.Format(_options.Compressed(_options.Lead))}
              linger: {Duration.Format(_options.Compressed(_options.Linger))}
            jobs:
              mayKeep:
                users: []

            """,
            stop
        );
        return file;
    }

    private HollowNode Node(string name) =>
        new(name)
        {
            // A slot is a processor.
            Capacity = new Dictionary<string, string>
            {
                ["cpu"] = $"{_options.Slots}",
                ["memory"] = "64Gi",
                ["pods"] = "110",
            },
        };

    private static string Tail(string log) => $"The end of its log:\n{string.Join('\n', log.Split('\n').TakeLast(20))}";
}
