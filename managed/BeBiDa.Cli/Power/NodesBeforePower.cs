using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Power;

/// <summary>Nodes whose machines are about to be switched off or on, or rebooted, as Slurm names them to its programs.</summary>
internal static class NodesBeforePower
{
    private const int MostNamed = 5;

    // After the deadline of evictions, what is left is deleted; that takes a moment, too.
    private const double ForEvictions = 0.75;

    /// <summary>Holds them as slurmctld's plugin would at its next look, and waits until their pods have left.</summary>
    /// <param name="file">The configuration; null for the one of this host.</param>
    /// <param name="list">The nodes, as Slurm writes them.</param>
    /// <param name="condition">What is about to happen to them.</param>
    /// <param name="logger">The log.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was not done within <c>slurm.powerTimeout</c>, for people; null where all was.</returns>
    /// <exception cref="ConfigurationException">The configuration or the list cannot be used.</exception>
    public static async Task<string?> LeaveAsync(
        string? file,
        string list,
        NodeConditions condition,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        await using var site = Site.Open(file, logger);
        var timeout = site.Configuration.Slurm.PowerTimeout;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var names = await NodeList.ExpandAsync(list, limit.Token).ConfigureAwait(false);
            var jobs = await SqueueJobs.ConnectAsync(limit.Token).ConfigureAwait(false);
            await using var standing = new StandingHolds(
                site.Cluster,
                site.Cluster,
                new Announced(new ScontrolConditions(jobs.Cluster), names.ToHashSet(StringComparer.Ordinal), condition),
                Within(site.Configuration, timeout * ForEvictions),
                TimeProvider.System,
                logger
            );
            // One look: it knows no other node, and a second one would release the others.
            var result = await standing.RepairAndDrainAsync(timeout, limit.Token).ConfigureAwait(false);
            return result.Problem
                ?? result.Outcomes.Select(o => o.Problem).FirstOrDefault(p => p is not null)
                ?? await LeftAsync(site, names, condition, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{list}: its pods had not all left after slurm.powerTimeout ({Duration.Format(timeout)})";
        }
    }

    private static BebidaConfiguration Within(BebidaConfiguration configuration, TimeSpan time) =>
        configuration.Eviction.Deadline <= time
            ? configuration
            : configuration with
            {
                Eviction = configuration.Eviction with { Deadline = time },
            };

    private static async Task<string?> LeftAsync(
        Site site,
        IReadOnlyList<string> names,
        NodeConditions condition,
        CancellationToken cancellationToken
    )
    {
        var slurm = site.Configuration.Slurm;
        if ((condition == NodeConditions.Reboot ? slurm.Reboot : slurm.PowerSaving) != OnState.Evict)
            return null;
        var directory = await site.Cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        var nodes = names.Where(site.Policy.Counts).Select(n => site.Names.Find(n, directory)).OfType<ClusterNode>().ToList();
        if (nodes.Count == 0)
            return null;
        var pods = (await site.Cluster.ListPodsAsync(nodes, cancellationToken).ConfigureAwait(false))
            .Pods.Where(DrainRules.MustLeave)
            .ToList();
        return pods.Count == 0
            ? null
            : $"{pods.Count} pods have not left: {string.Join(", ", pods.Take(MostNamed).Select(p => $"{p} on {p.Node}"))}";
    }

    // What Slurm says of these nodes, and what it is about to do with them: the reasons stay those of slurmctld's plugin. A
    // node that Slurm does not show, as 22.05 does with CLOUD nodes that are off, is one of these all the same.
    private sealed class Announced(ISlurmConditions slurm, IReadOnlySet<string> names, NodeConditions condition) : ISlurmConditions
    {
        public async Task<SlurmConditions> ReadAsync(CancellationToken cancellationToken)
        {
            var state = await slurm.ReadAsync(cancellationToken).ConfigureAwait(false);
            var shown = state.Nodes.Where(n => names.Contains(n.Name)).ToDictionary(n => n.Name, StringComparer.Ordinal);
            return state with
            {
                Nodes =
                [
                    .. names
                        .Select(n => shown.GetValueOrDefault(n) ?? new SlurmNode(n, NodeConditions.None, ""))
                        .Select(n => n with { Conditions = n.Conditions | condition }),
                ],
                Maintenance = [.. state.Maintenance.Select(m => m with { Nodes = [.. m.Nodes.Where(names.Contains)] })],
            };
        }
    }
}
