using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>The site that a command works on: its configuration and its cluster.</summary>
internal sealed class Site : IAsyncDisposable
{
    private Site(BebidaConfiguration configuration, KubernetesCluster cluster, ILogger logger, IJobPresence? presence)
    {
        Configuration = configuration;
        Cluster = cluster;
        Names = new NodeNames(configuration.Nodes);
        Policy = new JobPolicy(configuration.Jobs, configuration.Nodes);
        HandOvers = new HandOvers(cluster, configuration, TimeProvider.System, logger, presence);
    }

    public BebidaConfiguration Configuration { get; }

    public KubernetesCluster Cluster { get; }

    public NodeNames Names { get; }

    public JobPolicy Policy { get; }

    public HandOvers HandOvers { get; }

    /// <summary>Reads the configuration; the cluster is reached later.</summary>
    /// <param name="configurationFile">The file; null for the one of this host.</param>
    /// <param name="logger">The log.</param>
    /// <param name="presence">Whom to ask whether a job has left its nodes; may be null.</param>
    /// <param name="kubeconfig">Instead of the configuration's; may be null.</param>
    /// <param name="everyNode">Whether nodes count that are not lent, too: those of an admin who names them.</param>
    /// <exception cref="ConfigurationException">It cannot be used.</exception>
    public static Site Open(
        string? configurationFile,
        ILogger logger,
        IJobPresence? presence = null,
        string? kubeconfig = null,
        bool everyNode = false
    )
    {
        var configuration = ConfigurationFile.Load(configurationFile ?? ConfigurationFile.Path);
        if (kubeconfig is not null)
            configuration = configuration with { Kubernetes = configuration.Kubernetes with { Kubeconfig = kubeconfig, Context = "" } };
        if (everyNode)
            configuration = configuration with { Nodes = configuration.Nodes with { Include = ["*"], Exclude = [] } };
        return new Site(
            configuration,
            KubernetesCluster.Connect(configuration, allowExec: true, TimeProvider.System, logger),
            logger,
            presence
        );
    }

    public async ValueTask DisposeAsync()
    {
        await HandOvers.DisposeAsync().ConfigureAwait(false);
        await Cluster.DisposeAsync().ConfigureAwait(false);
    }
}
