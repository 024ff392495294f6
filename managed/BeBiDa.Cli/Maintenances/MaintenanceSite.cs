using System.Diagnostics;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Maintenances;

/// <summary>A node that an admin has named.</summary>
/// <param name="Name">Slurm's name of it.</param>
/// <param name="Slurm">What Slurm says of it; null where Slurm does not know it.</param>
/// <param name="Kubernetes">What Kubernetes says; null where it does not know it.</param>
internal sealed record NamedNode(string Name, SlurmNode? Slurm, NodeLedger? Kubernetes);

/// <summary>Both sides of the nodes that an admin has named, with what holds and drains them: of these nodes and no others.</summary>
internal sealed class MaintenanceSite : IAsyncDisposable
{
    private static readonly TimeSpan WatchPatience = TimeSpan.FromSeconds(5);

    private readonly Site site;
    private readonly ScontrolConditions conditions;
    private readonly IReadOnlyList<string> names;
    private readonly JobPolicy policy;

    private MaintenanceSite(Site site, string cluster, IReadOnlyList<string> names, ILogger logger)
    {
        this.site = site;
        this.names = names;
        Cluster = cluster;
        conditions = new ScontrolConditions(cluster);
        policy = new JobPolicy(site.Configuration.Jobs, site.Configuration.Nodes);
        Changes = new ScontrolChanges();
        Standing = new StandingHolds(
            site.Cluster,
            site.Cluster,
            conditions,
            site.Configuration with
            {
                Nodes = site.Configuration.Nodes with { Include = names, Exclude = [] },
            },
            TimeProvider.System,
            logger,
            changes: Changes
        );
    }

    /// <summary>The name of Slurm's cluster.</summary>
    public string Cluster { get; }

    public Kubernetes.KubernetesCluster Kubernetes => site.Cluster;

    public BebidaConfiguration Configuration => site.Configuration;

    /// <summary>The label that marks a node.</summary>
    public string Label => site.Configuration.Nodes.MaintenanceLabel;

    public ScontrolChanges Changes { get; }

    public StandingHolds Standing { get; }

    /// <summary>Whether the configuration lends a node.</summary>
    public bool IsLent(string name) => policy.Counts(name);

    /// <summary>Opens the site.</summary>
    /// <exception cref="ConfigurationException">It cannot be used, or marks nothing.</exception>
    /// <exception cref="JobsUnknownException">slurmctld does not answer.</exception>
    public static async Task<MaintenanceSite> OpenAsync(
        string? configurationFile,
        IReadOnlyList<string> nodes,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var site = Site.Open(configurationFile, logger);
        try
        {
            if (site.Configuration.Nodes.MaintenanceLabel.Length == 0)
                throw new ConfigurationException(
                    "nodes.maintenanceLabel is empty, so no node can be marked for maintenance; give it a label, such as bebida.io/maintenance"
                );
            var names = new List<string>();
            foreach (var list in nodes)
                names.AddRange(await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false));
            var jobs = await SqueueJobs.ConnectAsync(cancellationToken).ConfigureAwait(false);
            return new MaintenanceSite(site, jobs.Cluster, [.. names.Distinct(StringComparer.Ordinal)], logger);
        }
        catch
        {
            await site.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The nodes, as both sides have them now.</summary>
    public async Task<IReadOnlyList<NamedNode>> ReadAsync(CancellationToken cancellationToken)
    {
        var state = await conditions.ReadAsync(cancellationToken).ConfigureAwait(false);
        var slurm = state.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var ledger = (await site.Cluster.ReadAsync(cancellationToken).ConfigureAwait(false)).ToDictionary(
            n => n.Node.Name,
            StringComparer.Ordinal
        );
        var directory = new NodeDirectory();
        directory.Replace([.. ledger.Values.Select(n => n.Node)]);
        return
        [
            .. names.Select(name => new NamedNode(
                name,
                slurm.GetValueOrDefault(name),
                site.Names.Find(name, directory) is { } node ? ledger[node.Name] : null
            )),
        ];
    }

    /// <summary>
    /// Waits for some seconds until the watch shows what was just written, and then looks at the nodes once, or twice where
    /// something is to be released.
    /// </summary>
    /// <returns>What failed.</returns>
    public async Task<IReadOnlyList<string>> LookAsync(
        IReadOnlyCollection<ClusterNode> written,
        int looks,
        CancellationToken cancellationToken
    )
    {
        var directory = await site.Cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        // No longer: somebody else may have marked the node anew meanwhile.
        var began = Stopwatch.GetTimestamp();
        while (
            Stopwatch.GetElapsedTime(began) < WatchPatience
            && written.Any(node => directory.ByName(node.Name) is { } seen && seen.Uid == node.Uid && seen.Mark?.Label != node.Mark?.Label)
        )
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken).ConfigureAwait(false);
        var problems = new List<string>();
        for (var look = 0; look < looks; look++)
        {
            var result = await Standing.RepairAsync(cancellationToken).ConfigureAwait(false);
            problems = [.. result.Outcomes.Select(o => o.Problem).Append(result.Problem).OfType<string>()];
        }
        return problems;
    }

    /// <summary>Whether a node has the hold that a mark asks for.</summary>
    public bool IsHeld(NamedNode node) =>
        node.Kubernetes?.Holds.Any(h => h.Key == new HoldKey(Cluster, Holders.Maintenance)) == true && node.Kubernetes.Unschedulable;

    public async ValueTask DisposeAsync()
    {
        await Standing.DisposeAsync().ConfigureAwait(false);
        await site.DisposeAsync().ConfigureAwait(false);
    }
}
