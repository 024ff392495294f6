using BeBiDa.EmbeddedApi;

namespace BeBiDa.Containers;

/// <summary>What of Kubernetes the nodes of a <see cref="ContainerLab"/> run.</summary>
public enum NodeKind
{
    /// <summary>A simulated kubelet, whose pods are processes, and a stand-in for the runtime.</summary>
    Hollow,

    /// <summary>Kubernetes' own kubelet with Debian's containerd, and its own scheduler and controllers.</summary>
    Real,
}

/// <summary>The kinds of nodes that tests run on: hollow ones, and real ones where Kubernetes' programs are.</summary>
public static class NodeKinds
{
    private static readonly string[] s_programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"];

    /// <summary>Both, where both can be had.</summary>
    public static IEnumerable<NodeKind> All => [NodeKind.Hollow, .. RealOnly];

    /// <summary>For all else: real ones where they can be had, or else hollow ones. BEBIDA_NODES=all is for both.</summary>
    public static IEnumerable<NodeKind> Best =>
        Environment.GetEnvironmentVariable("BEBIDA_NODES") == "all" ? All : RealOnly.DefaultIfEmpty(NodeKind.Hollow);

    /// <summary>For what hollow nodes do not have: real ones where they can be had, else none.</summary>
    public static IEnumerable<NodeKind> RealOnly =>
        s_programs.All(program => File.Exists(Path.Combine(RealApiServer.Assets, program))) ? [NodeKind.Real] : [];
}
