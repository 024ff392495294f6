using BeBiDa.Configuration;

namespace BeBiDa.Cluster;

/// <summary>Which Kubernetes Node a Slurm node is: by map, by label, or by template, in this order.</summary>
public sealed class NodeNames(NodesConfiguration nodes)
{
    private readonly Dictionary<string, string> slurmByKubernetes = nodes.Map.ToDictionary(m => m.Value, m => m.Key, StringComparer.Ordinal);

    /// <summary>The Kubernetes Node of a Slurm node.</summary>
    /// <returns>The node; null when Kubernetes knows none, so that it is none of our business.</returns>
    public ClusterNode? Find(string slurmName, NodeDirectory directory)
    {
        if (nodes.Map.TryGetValue(slurmName, out var mapped))
            return directory.ByName(mapped);
        return directory.BySlurmName(slurmName) ?? directory.ByName(nodes.Template.Replace("{node}", slurmName, StringComparison.Ordinal));
    }

    /// <summary>Slurm's name of a Kubernetes Node, for people to read; its Kubernetes name where no rule gives one.</summary>
    public string SlurmNameOf(ClusterNode node)
    {
        if (slurmByKubernetes.TryGetValue(node.Name, out var mapped))
            return mapped;
        if (node.SlurmName is { } label)
            return label;
        var at = nodes.Template.IndexOf("{node}", StringComparison.Ordinal);
        var (before, after) = (nodes.Template[..at], nodes.Template[(at + "{node}".Length)..]);
        return node.Name.Length > before.Length + after.Length && node.Name.StartsWith(before, StringComparison.Ordinal) && node.Name.EndsWith(after, StringComparison.Ordinal)
            ? node.Name[before.Length..^after.Length]
            : node.Name;
    }
}
