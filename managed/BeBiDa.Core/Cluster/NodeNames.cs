using BeBiDa.Configuration;

namespace BeBiDa.Cluster;

/// <summary>Finds the Kubernetes Node of a Slurm node: by map, by label, or by template, in this order.</summary>
/// <remarks>
/// Slurm's names may have capitals. Kubernetes' have none (RFC 1123), and kubelet lower-cases the host's name
/// (pkg/util/node/node.go, GetHostname). A label's value may be either.
/// </remarks>
public sealed class NodeNames(NodesConfiguration nodes)
{
    private readonly Dictionary<string, string> slurmByKubernetes = nodes
        .Map.GroupBy(m => m.Value, m => m.Key, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(m => m.Key, m => m.First(), StringComparer.OrdinalIgnoreCase);

    /// <summary>The Kubernetes Node of a Slurm node.</summary>
    /// <returns>The node; null when Kubernetes knows none, so that it is none of our business.</returns>
    public ClusterNode? Find(string slurmName, NodeDirectory directory)
    {
        if (nodes.Map.TryGetValue(slurmName, out var mapped))
            return directory.ByName(mapped.ToLowerInvariant());
        // A label's value may be Slurm's spelling, or, as kubernetes.io/hostname, kubelet's.
        return directory.BySlurmName(slurmName)
            ?? directory.BySlurmName(slurmName.ToLowerInvariant())
            ?? directory.ByName(nodes.Template.Replace("{node}", slurmName, StringComparison.Ordinal).ToLowerInvariant());
    }

    /// <summary>Slurm's name of a Kubernetes Node, but for its capitals where only the template gives it; its Kubernetes name where no rule gives one.</summary>
    public string SlurmNameOf(ClusterNode node)
    {
        if (slurmByKubernetes.TryGetValue(node.Name, out var mapped))
            return mapped;
        if (node.SlurmName is { } label)
            return label;
        var at = nodes.Template.IndexOf("{node}", StringComparison.Ordinal);
        var (before, after) = (nodes.Template[..at], nodes.Template[(at + "{node}".Length)..]);
        return
            node.Name.Length > before.Length + after.Length
            && node.Name.StartsWith(before, StringComparison.OrdinalIgnoreCase)
            && node.Name.EndsWith(after, StringComparison.OrdinalIgnoreCase)
            ? node.Name[before.Length..^after.Length]
            : node.Name;
    }
}
