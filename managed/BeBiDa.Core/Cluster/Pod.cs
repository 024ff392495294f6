namespace BeBiDa.Cluster;

/// <summary>A pod on one of the nodes, as far as a drain needs it.</summary>
public sealed record Pod
{
    /// <summary>Its namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its uid: another pod of the same name is another pod.</summary>
    public required string Uid { get; init; }

    /// <summary>Kubernetes' name of the node that it is bound to.</summary>
    public required string Node { get; init; }

    /// <summary>Whether all its containers have ended (phase Succeeded or Failed).</summary>
    public bool Finished { get; init; }

    /// <summary>Whether a DaemonSet controls it: it would come back at once, on the same node.</summary>
    public bool OfDaemonSet { get; init; }

    /// <summary>Whether it only mirrors a static pod of the kubelet, which the API cannot end.</summary>
    public bool Mirror { get; init; }

    /// <summary>Whether a controller would make another one elsewhere.</summary>
    public bool HasController { get; init; }

    /// <summary>Whether it has an emptyDir volume, whose data goes with the pod.</summary>
    public bool HasEmptyDir { get; init; }

    /// <summary>Kind and name of its controller, such as <c>ReplicaSet/web-5d9</c>; empty without one.</summary>
    public string Controller { get; init; } = "";

    /// <summary>The uid of its controller, which its replacement has too; its own without one.</summary>
    public string OwnerUid => ControllerUid ?? Uid;

    /// <summary>The uid of its controller; null without one.</summary>
    public string? ControllerUid { get; init; }

    /// <summary>Whether the scheduler binds it to an unschedulable node too: it tolerates the taint <c>node.kubernetes.io/unschedulable</c>.</summary>
    public bool ToleratesUnschedulable { get; init; }

    /// <summary>Whether a StatefulSet controls it: the next pod of its name is made when this one is gone from the API.</summary>
    public bool OfStatefulSet { get; init; }

    /// <summary>Whether it has a volume of a claim, which may be attached to one node at a time.</summary>
    public bool HasClaims { get; init; }

    /// <summary>Whether two of it at once do harm: it must not be gone from the API before its processes have ended.</summary>
    public bool HasIdentity => OfStatefulSet || HasClaims;

    /// <summary>When it is to be gone, grace included, once its deletion has begun (metadata.deletionTimestamp); else null.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>Namespace and name, as kubectl prints them.</summary>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>The pods of some nodes at one moment.</summary>
/// <param name="Pods">All pods on the nodes.</param>
/// <param name="ResourceVersion">The resourceVersion from which a watch continues.</param>
public sealed record PodList(IReadOnlyList<Pod> Pods, string ResourceVersion);

/// <summary>A change that a watch of pods reports.</summary>
/// <param name="Pod">The pod as it is, or was last.</param>
/// <param name="Gone">Whether it is gone from the API.</param>
public sealed record PodChange(Pod Pod, bool Gone);
