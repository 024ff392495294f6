using BeBiDa.Hollow.Nodes;

namespace BeBiDa.Hollow;

/// <summary>Which parts of a cluster are played, and how fast.</summary>
public sealed record HollowClusterOptions
{
    /// <summary>The nodes that get a hollow kubelet.</summary>
    public IReadOnlyList<HollowNode> Nodes { get; init; } = [];

    public KubeletOptions Kubelet { get; init; } = new();

    /// <summary>For how long a node may be silent before its state is unknown (kube-controller-manager: 40 s, since 1.32 50 s).</summary>
    public TimeSpan NodeMonitorGrace { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Scheduler and controllers; false where real ones run, or where another hollow cluster has them.</summary>
    public bool ControlPlane { get; init; } = true;

    /// <summary>Nodes of these names, otherwise as usual.</summary>
    public HollowClusterOptions WithNodes(params IEnumerable<string> names) =>
        this with
        {
            Nodes = [.. names.Select(name => new HollowNode(name))],
        };
}
