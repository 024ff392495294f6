using BeBiDa.Accounts;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

// What bebidactl record follows.
public sealed partial class KubernetesCluster
{
    /// <summary>Follows all Nodes until it is cancelled.</summary>
    /// <param name="slurmNameOf">Gives Slurm's name of a node.</param>
    /// <param name="follower">Who is told.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task FollowNodesAsync(
        Func<Cluster.ClusterNode, string> slurmNameOf,
        IFollower<RecordedNode> follower,
        CancellationToken cancellationToken
    ) =>
        Following.RunAsync(
            client,
            "api/v1/nodes?",
            FollowingJson.Default.FollowedNodeList,
            FollowingJson.Default.WatchLineFollowedNode,
            node =>
                node.Metadata is { } metadata
                && nodes.Node(new ObjectMeta(metadata.Name, metadata.Uid, metadata.Labels, metadata.Annotations)) is { } known
                    ? new RecordedNode(
                        known.Name,
                        slurmNameOf(known),
                        node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true,
                        node.Spec?.Unschedulable == true,
                        Hold.Read(metadata.Annotations)
                    )
                    : null,
            follower,
            TimeProvider.System,
            cancellationToken
        );

    /// <summary>Follows all pods that are bound to a node, likewise.</summary>
    public Task FollowPodsAsync(IFollower<StartedPod> follower, CancellationToken cancellationToken) =>
        Following.RunAsync(
            client,
            "api/v1/pods?",
            FollowingJson.Default.FollowedPodList,
            FollowingJson.Default.WatchLineFollowedPod,
            found =>
                PodQueries.Pod(
                    new PodObject(
                        found.Metadata is not { } metadata
                            ? null
                            : new PodMeta(
                                metadata.Name,
                                metadata.Namespace,
                                metadata.Uid,
                                metadata.DeletionTimestamp,
                                metadata.Annotations,
                                metadata.OwnerReferences
                            ),
                        found.Spec is not { } spec ? null : new PodSpec(spec.NodeName, null, spec.Tolerations),
                        new PodStatus(found.Status?.Phase)
                    )
                )
                    is { } pod
                    ? new StartedPod(pod, found.Status?.StartTime ?? found.Metadata?.CreationTimestamp)
                    : null,
            follower,
            TimeProvider.System,
            cancellationToken
        );

    /// <summary>
    /// Follows the Events of hand-overs that took a node for a job that waited, likewise; the rights that a
    /// hand-over needs do not include this.
    /// </summary>
    public Task FollowHandOversAsync(IFollower<TakenNode> follower, CancellationToken cancellationToken) =>
        Following.RunAsync(
            client,
            $"api/v1/namespaces/{EventNamespace}/events?fieldSelector=involvedObject.kind%3DNode",
            FollowingJson.Default.FollowedEventList,
            FollowingJson.Default.WatchLineFollowedEvent,
            found =>
                HandOverEvents.Read(
                    new ListedEvent(new ListedEventMeta(found.Metadata?.Annotations), found.InvolvedObject, found.Reason, found.Message)
                )
                    is { Decommission: true, Repair: false } told
                    ? new TakenNode(told.Node, told.Job, told.Began, told.Ended)
                    : null,
            follower,
            TimeProvider.System,
            cancellationToken
        );
}
