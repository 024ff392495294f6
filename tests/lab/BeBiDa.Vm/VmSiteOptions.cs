using BeBiDa.EmbeddedApi;

namespace BeBiDa.Vm;

/// <summary>What a <see cref="VmSite"/> is made of.</summary>
public sealed record VmSiteOptions
{
    /// <summary>Which API server it has.</summary>
    public ApiServerKind Api { get; init; } = ApiServerKind.Embedded;

    /// <summary>The path of a real kubelet, which runs real pods by containerd; null for a hollow one.</summary>
    public string? Kubelet { get; init; }

    /// <summary>More of <c>bebida.yaml</c>, below the key <c>kubernetes.kubeconfig</c>, outside and on the machine.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Lines at the end of <c>slurm.conf</c>.</summary>
    public IReadOnlyList<string> SlurmConf { get; init; } = [];
}
