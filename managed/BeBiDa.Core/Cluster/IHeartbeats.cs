using BeBiDa.Holds;

namespace BeBiDa.Cluster;

/// <summary>What a node's kubelet has told Kubernetes. Two of these are compared: whether something has changed, never when.</summary>
/// <param name="Ready">Whether the node is Ready.</param>
/// <param name="Status">
/// When kubelet posted the node's status last (<c>lastHeartbeatTime</c> of Ready): at its start, at a change, or after
/// 5 minutes; null if never.
/// </param>
/// <param name="Lease">When it renewed the node's Lease last, as it does every 10 s; null if never, or if that may not be read.</param>
/// <param name="Resources">The resources that the node has now, by what kubelet calls allocatable; none of which it has nothing.</param>
/// <param name="Holds">The holds that the node has.</param>
/// <remarks>kubernetes.io/docs/reference/node/node-status, "Heartbeats".</remarks>
public sealed record NodeHeartbeat(bool Ready, string? Status, string? Lease, IReadOnlySet<string> Resources, IReadOnlyList<Hold> Holds);

/// <summary>Reads what kubelets say of their nodes.</summary>
public interface IHeartbeats
{
    /// <summary>Reads one node's.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What its kubelet said last; null when the node is gone.</returns>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<NodeHeartbeat?> HeartbeatAsync(ClusterNode node, CancellationToken cancellationToken);
}
