using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Lab;

namespace BeBiDa.Site;

/// <summary>How a site hands its nodes over.</summary>
public enum HandOverBy
{
    /// <summary>The plugin, inside slurmctld.</summary>
    Plugin,

    /// <summary>bebidactl hook, as PrologSlurmctld and EpilogSlurmctld.</summary>
    Hook,

    /// <summary>The scripts that the plugin replaces: kubectl, node after node.</summary>
    Scripts,

    /// <summary>The same, with a kubectl that gives a node back only when the next job has taken it.</summary>
    LateScripts,

    /// <summary>Nobody.</summary>
    Nobody,
}

/// <summary>What a site is made of.</summary>
public sealed record SiteOptions
{
    /// <summary>How many nodes it has, n1, n2, …, each in Slurm and in Kubernetes.</summary>
    public int Nodes { get; init; } = 8;

    /// <summary>Which API server it has.</summary>
    public ApiServerKind Api { get; init; } = ApiServerKind.Embedded;

    /// <summary>How nodes are handed over.</summary>
    public HandOverBy HandOver { get; init; } = HandOverBy.Plugin;

    /// <summary>What Kubernetes calls a node, and how it describes it; by default as Slurm calls it.</summary>
    public Func<string, HollowNode> KubernetesNode { get; init; } = name => new HollowNode(name);

    /// <summary>Makes the kubeconfig that slurmctld and bebidactl use.</summary>
    public Func<IApiServer, string> Kubeconfig { get; init; } = api => api.WriteKubeconfig("bebida");

    /// <summary>More of bebida.yaml, below the key kubernetes.kubeconfig.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Changes to Slurm's options, last of all.</summary>
    public Func<SlurmOptions, SlurmOptions> Slurm { get; init; } = slurm => slurm;
}
