using BeBiDa.Kubernetes;
using BeBiDa.Reconciliation;

namespace BeBiDa.Cli;

/// <summary>The holds of all nodes, as the API server lists them.</summary>
internal sealed class ClusterLedger(KubernetesCluster cluster) : ILedger
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<NodeLedger>> ReadAsync(CancellationToken cancellationToken) =>
        [.. (await cluster.ReadStatusAsync(cancellationToken).ConfigureAwait(false)).Select(n => new NodeLedger(n.Node, n.Unschedulable, n.Holds))];
}
