using BeBiDa.Cluster;

namespace BeBiDa.HandOver;

/// <summary>The nodes that this process has drained and that jobs have held ever since.</summary>
/// <remarks>
/// A job that takes such a node from the one before meets no pods there but those that came back by design, or that
/// kubelet, which is down, cannot end. Waiting for them would cost every job of the queue the eviction deadline.
/// </remarks>
internal sealed class DrainedNodes
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> draining = new(StringComparer.Ordinal);
    private readonly HashSet<string> drained = new(StringComparer.Ordinal);

    /// <summary>Nodes are about to be held and drained.</summary>
    public void Begin(IEnumerable<ClusterNode> nodes)
    {
        lock (gate)
            foreach (var node in nodes)
                draining[node.Uid] = draining.GetValueOrDefault(node.Uid) + 1;
    }

    /// <summary>Whether an earlier drain of a node, which has just been held, still counts.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isHeldByOthers">Whether other jobs hold it too. If none does, it was Kubernetes' in between, or its kubelet ran.</param>
    public bool StillCounts(ClusterNode node, bool isHeldByOthers)
    {
        lock (gate)
        {
            if (!isHeldByOthers)
                drained.Remove(node.Uid);
            return draining.GetValueOrDefault(node.Uid) <= 1 && drained.Contains(node.Uid);
        }
    }

    /// <summary>A job has a node that was drained before it came, and held ever since.</summary>
    public void Add(ClusterNode node)
    {
        lock (gate)
            drained.Add(node.Uid);
    }

    /// <summary>Whether a node has been drained, and held ever since.</summary>
    public bool Contains(ClusterNode node)
    {
        lock (gate)
            return drained.Contains(node.Uid);
    }

    /// <summary>Kubernetes has a node back.</summary>
    public void Forget(ClusterNode node)
    {
        lock (gate)
            drained.Remove(node.Uid);
    }

    /// <summary>The drain of these nodes has ended.</summary>
    /// <param name="nodes">The nodes that <see cref="Begin"/> was told.</param>
    /// <param name="empty">Those among them on which no pod is left that the job would have to wait for.</param>
    public void End(IEnumerable<ClusterNode> nodes, IEnumerable<ClusterNode> empty)
    {
        lock (gate)
        {
            foreach (var node in nodes)
                if (--draining[node.Uid] == 0)
                    draining.Remove(node.Uid);
            drained.UnionWith(empty.Select(node => node.Uid));
        }
    }
}
