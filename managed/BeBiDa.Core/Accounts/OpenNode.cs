namespace BeBiDa.Accounts;

/// <summary>A node of a run, while its journal is added up.</summary>
internal sealed class OpenNode
{
    /// <summary>When the last stretch ended, by the journal's clock.</summary>
    public double Since { get; set; }

    /// <summary>Its state in Slurm.</summary>
    public string State { get; set; } = "";

    /// <summary>Its partitions.</summary>
    public string Partitions { get; set; } = "";

    /// <summary>What Kubernetes says of it.</summary>
    public KubernetesFacts? Kubernetes { get; set; }

    /// <summary>When a job's hold came or went, if Slurm's answer since then may tell more.</summary>
    public double? Turned { get; set; }

    /// <summary>The stretches since then.</summary>
    public List<NodeStretch> Unsettled { get; } = [];
}

/// <summary>Some time in which nothing changed about a node.</summary>
/// <param name="From">When it began, by the journal's clock.</param>
/// <param name="To">When it ended.</param>
/// <param name="State">Its state in Slurm; null when that was not known.</param>
/// <param name="Kubernetes">What Kubernetes said of it.</param>
/// <param name="IsKubernetesKnown">Whether Kubernetes answered.</param>
/// <param name="Partitions">Its partitions.</param>
internal readonly record struct NodeStretch(
    double From,
    double To,
    string? State,
    KubernetesFacts? Kubernetes,
    bool IsKubernetesKnown,
    string Partitions
);
