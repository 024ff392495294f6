using BeBiDa.Holds;

namespace BeBiDa.Cluster;

/// <summary>The Kubernetes cluster, as a hand-over sees it. Every method throws <see cref="ClusterException"/> when it cannot do its work, and leaves it to the caller to try again.</summary>
public interface ICluster
{
    /// <summary>How long every request has failed; zero if the last one did not, or if none was sent.</summary>
    TimeSpan AwayFor { get; }

    /// <summary>The cluster's nodes; waits until they have been listed once.</summary>
    ValueTask<NodeDirectory> NodesAsync(CancellationToken cancellationToken);

    /// <summary>Puts a hold on a node: unschedulable, labelled, annotated. Repeating it changes only the time and the reason.</summary>
    /// <param name="node">The node.</param>
    /// <param name="hold">The hold, with the time since when, for people.</param>
    /// <param name="cancellationToken">Ends the wait; the node may be held all the same.</param>
    /// <param name="unsent">Withdraws the request if it has not been sent.</param>
    /// <returns>All holds that the node has now, this one included.</returns>
    Task<IReadOnlyList<Hold>> HoldAsync(
        ClusterNode node,
        Hold hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    );

    /// <summary>Takes a hold off a node; the node becomes schedulable unless someone else wants it unschedulable too.</summary>
    /// <param name="node">The node.</param>
    /// <param name="hold">Whose hold.</param>
    /// <param name="cancellationToken">Ends the wait; the node may be released all the same.</param>
    /// <param name="unsent">Withdraws the request if it has not been sent.</param>
    /// <returns>The holds that are left.</returns>
    Task<IReadOnlyList<Hold>> ReleaseAsync(
        ClusterNode node,
        HoldKey hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    );

    /// <summary>Takes a hold off a node if it is still as it was read: nobody has written it since.</summary>
    /// <param name="node">The node.</param>
    /// <param name="hold">The hold, as it was read.</param>
    /// <param name="cancellationToken">Ends the wait; the node may be released all the same.</param>
    /// <returns>The holds that are left; among them that one, if it is another now.</returns>
    /// <exception cref="ClusterException"><see cref="ClusterFault.Conflict"/>: something about the node has changed at this moment.</exception>
    Task<IReadOnlyList<Hold>> ReleaseUnchangedAsync(ClusterNode node, Hold hold, CancellationToken cancellationToken);

    /// <summary>Deletes the Node object, unless someone else holds or has cordoned it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="slurmCluster">Whose jobs may hold it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Why it stays, for people; null when it is gone.</returns>
    Task<string?> RemoveAsync(ClusterNode node, string slurmCluster, CancellationToken cancellationToken);

    /// <summary>The pods on these nodes, no older than this call. If that takes many requests, each is retried twice, so that one failure does not spoil the others.</summary>
    Task<PodList> ListPodsAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken);

    /// <summary>What changes about the pods on these nodes after a list; ends when the server ends it. <see cref="ClusterFault.Throttled"/> when too much is watched already.</summary>
    IAsyncEnumerable<PodChange> WatchPodsAsync(
        IReadOnlyCollection<ClusterNode> nodes,
        string resourceVersion,
        CancellationToken cancellationToken
    );

    /// <summary>Asks to evict a pod (policy/v1 Eviction). Returns when it is terminating; every other answer is a <see cref="ClusterException"/>, whose fault <see cref="Draining.EvictionTable"/> explains.</summary>
    /// <param name="pod">Which one; another pod of its name is not touched.</param>
    /// <param name="gracePeriod">Instead of the pod's own; null leaves it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task EvictAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken);

    /// <summary>Marks a pod as one that is ended by a disruption (condition DisruptionTarget), as the Eviction API does; does nothing where the right is missing.</summary>
    Task MarkDisruptedAsync(Pod pod, CancellationToken cancellationToken);

    /// <summary>Deletes a pod, whatever its budget; a grace of zero does not wait for its kubelet either.</summary>
    /// <inheritdoc cref="EvictAsync"/>
    Task DeleteAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken);

    /// <summary>The volumes that kubelet reports as mounted or about to be, of the kinds that are attached to a node (Node <c>status.volumesInUse</c>).</summary>
    /// <returns>Their names; none for a node that is gone.</returns>
    Task<IReadOnlyList<string>> VolumesInUseAsync(ClusterNode node, CancellationToken cancellationToken);

    /// <summary>Leaves an Event on a Node.</summary>
    Task RecordAsync(NodeEvent nodeEvent, CancellationToken cancellationToken);
}

/// <summary>Short forms.</summary>
public static class ClusterExtensions
{
    /// <summary>Puts a job's hold on a node.</summary>
    /// <inheritdoc cref="ICluster.HoldAsync"/>
    public static Task<IReadOnlyList<Hold>> HoldAsync(
        this ICluster cluster,
        ClusterNode node,
        HoldKey hold,
        DateTimeOffset since,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    ) => cluster.HoldAsync(node, new Hold(hold, since), cancellationToken, unsent);
}
