using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Reconciliation;

/// <summary>The holds of all nodes, as Kubernetes has them.</summary>
public interface ILedger
{
    /// <summary>The newest state: no write that was answered before this call is missing.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<IReadOnlyList<NodeLedger>> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>One node's holds.</summary>
/// <param name="Node">The node.</param>
/// <param name="Unschedulable">Whether Kubernetes puts no new pods on it.</param>
/// <param name="Holds">Whose it is.</param>
public sealed record NodeLedger(ClusterNode Node, bool Unschedulable, IReadOnlyList<Hold> Holds);
