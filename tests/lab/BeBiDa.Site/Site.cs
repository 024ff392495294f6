using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow;
using BeBiDa.Lab;
using BeBiDa.Site.Observation;
using k8s;

namespace BeBiDa.Site;

/// <summary>A site on one host: Slurm, Kubernetes, and what hands nodes over between them.</summary>
public sealed class Site : IAsyncDisposable
{
    private readonly string directory;
    private readonly Kubernetes client;

    private Site(
        string directory,
        SiteOptions options,
        IApiServer api,
        HollowCluster cluster,
        Kubernetes client,
        SlurmCluster slurm,
        string configurationFile
    )
    {
        this.directory = directory;
        this.client = client;
        Options = options;
        Api = api;
        Cluster = cluster;
        Slurm = slurm;
        ConfigurationFile = configurationFile;
        Kubectl = new Kubectl(api.AdminKubeconfig);
        Tool = new Tool(options.HandOver == HandOverBy.Nobody ? null : PluginBuild.Locate().Tool, configurationFile, slurm);
        Observer = new NodeFollower(api.AdminKubeconfig);
        Probes = new Probes(slurm, directory);
    }

    public SiteOptions Options { get; }

    public IApiServer Api { get; }

    /// <summary>The API server, for tests that make it fail.</summary>
    public EmbeddedApiServer EmbeddedApi => (EmbeddedApiServer)Api;

    public HollowCluster Cluster { get; }

    public SlurmCluster Slurm { get; }

    /// <summary>kubectl as an admin's.</summary>
    public Kubectl Kubectl { get; }

    /// <summary>bebidactl with the site's configuration.</summary>
    public Tool Tool { get; }

    /// <summary>The path of the site's bebida.yaml.</summary>
    public string ConfigurationFile { get; }

    /// <summary>Watches the nodes from outside.</summary>
    public NodeFollower Observer { get; }

    /// <summary>Jobs that tell when they ran, and where.</summary>
    public Probes Probes { get; }

    /// <summary>A client with all rights.</summary>
    public Kubernetes Client => client;

    /// <summary>Starts everything; returns when all nodes are ready on both sides.</summary>
    public static async Task<Site> StartAsync(SiteOptions options, CancellationToken cancellationToken = default)
    {
        var directory = Directory.CreateTempSubdirectory("bebida-site-").FullName;
        var api = await TestServers.StartAsync(options.Api, cancellationToken);
        HollowCluster? cluster = null;
        Kubernetes? client = null;
        try
        {
            var admin = new Kubectl(api.AdminKubeconfig);
            await admin.RunAsync("apply", "-f", Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac.yaml"));
            cluster = await HollowCluster.StartAsync(
                api.AdminKubeconfig,
                new HollowClusterOptions { Nodes = [.. Enumerable.Range(1, options.Nodes).Select(i => options.KubernetesNode($"n{i}"))] },
                cancellationToken: cancellationToken
            );
            client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(api.AdminKubeconfig));

            var configuration = Path.Combine(directory, "bebida.yaml");
            await File.WriteAllTextAsync(
                configuration,
                $"kubernetes:\n  kubeconfig: {options.Kubeconfig(api)}\n{options.Configuration}",
                cancellationToken
            );
            var slurm = new SlurmOptions { Nodes = options.Nodes };
            slurm = options.HandOver switch
            {
                HandOverBy.Plugin => slurm.WithPlugin(PluginBuild.Locate(), configuration),
                HandOverBy.Scripts => new ScriptedHandOver(admin.Path, api.AdminKubeconfig).ApplyTo(slurm),
                HandOverBy.LateScripts => new ScriptedHandOver(LateKubectl.Write(directory, admin.Path), api.AdminKubeconfig).ApplyTo(
                    slurm
                ),
                HandOverBy.Hook => slurm with
                {
                    PrologSlurmctld = Hook("prolog", configuration),
                    EpilogSlurmctld = Hook("epilog", configuration),
                },
                _ => slurm,
            };
            return new Site(
                directory,
                options,
                api,
                cluster,
                client,
                await SlurmCluster.StartAsync(options.Slurm(slurm), cancellationToken),
                configuration
            );
        }
        catch
        {
            client?.Dispose();
            if (cluster is not null)
                await cluster.DisposeAsync();
            await api.DisposeAsync();
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>The holds on all nodes, as their annotations say: "n1 lab.7".</summary>
    public async Task<IReadOnlyList<string>> HoldsAsync() =>
        [
            .. (await client.CoreV1.ListNodeAsync())
                .Items.SelectMany(node =>
                    (node.Metadata.Annotations ?? new Dictionary<string, string>())
                        .Where(a => a.Key.StartsWith("hold.bebida.io/", StringComparison.Ordinal))
                        .Select(a => $"{node.Metadata.Name} {a.Key["hold.bebida.io/".Length..]}")
                )
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>The nodes that Kubernetes puts no pods on.</summary>
    public async Task<IReadOnlyList<string>> UnschedulableAsync() =>
        [
            .. (await client.CoreV1.ListNodeAsync())
                .Items.Where(n => n.Spec.Unschedulable == true)
                .Select(n => n.Metadata.Name)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Waits until no job is left and Kubernetes has every node back.</summary>
    public async Task WaitUntilFreeAsync()
    {
        await Slurm.WaitForIdleNodesAsync();
        await Eventually.HoldsAsync(
            "every node is free in Kubernetes, and no hold is left",
            Eventually.Patience,
            async _ => (await HoldsAsync()).Count == 0 && (await UnschedulableAsync()).Count == 0
        );
    }

    /// <summary>Stops everything, in the order in which an admin would.</summary>
    public async ValueTask DisposeAsync()
    {
        await Slurm.DisposeAsync();
        await Observer.DisposeAsync();
        client.Dispose();
        await Cluster.DisposeAsync();
        await Api.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private static string Hook(string direction, string configuration) =>
        $"""
            #!/bin/sh
            PATH=/usr/local/bin:/usr/bin:/bin
            SLURM_CONF=$(dirname "$0")/../slurm.conf
            BEBIDA_CONFIG={configuration}
            export PATH SLURM_CONF BEBIDA_CONFIG
            exec {PluginBuild.Locate().Tool} hook {direction} --log "$(dirname "$0")/../log/hook.log"

            """;
}
