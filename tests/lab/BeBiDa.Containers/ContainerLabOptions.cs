using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;

namespace BeBiDa.Containers;

/// <summary>What a <see cref="ContainerLab"/> is made of.</summary>
public sealed record ContainerLabOptions
{
    /// <summary>How many nodes it has, n1, n2, …: two to four.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Which API server it has; with real nodes always the real one.</summary>
    public ApiServerKind Api { get; init; } = ApiServerKind.Embedded;

    /// <summary>What its nodes run.</summary>
    public NodeKind Kind { get; init; } = NodeKind.Hollow;

    /// <summary>Whether slurmctld loads <c>prep_bebida.so</c>.</summary>
    public bool Plugin { get; init; } = true;

    /// <summary>Whether <c>plugstack.conf</c> has <c>spank_bebida.so</c>.</summary>
    public bool Spank { get; init; }

    /// <summary>More of <c>bebida.yaml</c>, below the key <c>kubernetes.kubeconfig</c>, on all machines.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Further lines of <c>plugstack.conf</c>, on all machines.</summary>
    public IReadOnlyList<string> PlugStack { get; init; } = [];

    /// <summary>Lines at the end of <c>slurm.conf</c>, on all machines; a key given here replaces the lab's own.</summary>
    public IReadOnlyList<string> SlurmConf { get; init; } = [];

    /// <summary>How long anything that is waited for may take before it counts as failed.</summary>
    public TimeSpan Patience { get; init; } = Eventually.Patience;
}
