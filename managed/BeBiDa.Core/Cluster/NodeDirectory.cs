using System.Collections.Concurrent;

namespace BeBiDa.Cluster;

/// <summary>The cluster's nodes by name, kept current by an informer. Safe to use from many threads.</summary>
public sealed class NodeDirectory
{
    private readonly ConcurrentDictionary<string, ClusterNode> byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ClusterNode> bySlurmName = new(StringComparer.Ordinal);

    /// <summary>How many nodes there are.</summary>
    public int Count => byName.Count;

    /// <summary>All nodes, in no order.</summary>
    public IEnumerable<ClusterNode> Nodes => byName.Values;

    /// <summary>The node of that name in Kubernetes; null if there is none.</summary>
    public ClusterNode? ByName(string name) => byName.GetValueOrDefault(name);

    /// <summary>The node whose label has that Slurm name; null if there is none.</summary>
    public ClusterNode? BySlurmName(string name) => bySlurmName.GetValueOrDefault(name);

    /// <summary>Adds or updates a node.</summary>
    public void Put(ClusterNode node)
    {
        if (byName.TryGetValue(node.Name, out var before))
        {
            if (before == node)
                return;
            ForgetSlurmName(before);
        }
        byName[node.Name] = node;
        if (node.SlurmName is { } slurmName)
            bySlurmName[slurmName] = node;
    }

    /// <summary>Removes a node.</summary>
    public void Remove(string name)
    {
        if (byName.TryRemove(name, out var node))
            ForgetSlurmName(node);
    }

    /// <summary>Replaces all nodes.</summary>
    public void Replace(IReadOnlyCollection<ClusterNode> nodes)
    {
        var names = nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in byName.Keys.Where(name => !names.Contains(name)).ToList())
            Remove(gone);
        foreach (var node in nodes)
            Put(node);
    }

    private void ForgetSlurmName(ClusterNode node)
    {
        if (node.SlurmName is { } slurmName)
            bySlurmName.TryRemove(KeyValuePair.Create(slurmName, node));
    }
}
