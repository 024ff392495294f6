using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

/// <summary>A node's state in Kubernetes, for people.</summary>
/// <param name="Node">The node.</param>
/// <param name="Ready">Whether its kubelet reports it ready.</param>
/// <param name="Unschedulable">Whether Kubernetes puts no new pods on it (<c>spec.unschedulable</c>).</param>
/// <param name="Holds">The jobs that hold it.</param>
/// <param name="Pods">Its pods that a hand-over would evict.</param>
/// <param name="Tolerating">Those among them that tolerate a hold: they come back to a held node, and no job waits for them.</param>
public sealed record NodeStatus(ClusterNode Node, bool Ready, bool Unschedulable, IReadOnlyList<Hold> Holds, int Pods, int Tolerating)
{
    /// <summary>Who has the node, in one word.</summary>
    public NodeOwner Owner =>
        (Holds.Count > 0, Unschedulable, Pods > Tolerating) switch
        {
            (true, true, true) => NodeOwner.Leaving,
            (true, true, false) => NodeOwner.Slurm,
            (true, false, _) => NodeOwner.Contested,
            (false, true, _) => NodeOwner.Cordoned,
            (false, false, _) => NodeOwner.Kubernetes,
        };
}

/// <summary>Who has a node.</summary>
public enum NodeOwner
{
    /// <summary>Kubernetes: pods may be put on it.</summary>
    Kubernetes,

    /// <summary>A job holds it, and pods are still leaving.</summary>
    Leaving,

    /// <summary>A job holds it, and no pod is left that it waits for.</summary>
    Slurm,

    /// <summary>No job holds it: someone else made it unschedulable.</summary>
    Cordoned,

    /// <summary>A job holds it, yet it is schedulable: someone uncordoned it by hand.</summary>
    Contested,
}
