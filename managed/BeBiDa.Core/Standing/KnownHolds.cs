using BeBiDa.Cluster;
using BeBiDa.Holds;
using BeBiDa.Reconciliation;

namespace BeBiDa.Standing;

/// <summary>The holds of all nodes as far as they are known: what the ledger showed when it was read last, and what was written since.</summary>
internal sealed class KnownHolds
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, (NodeLedger Node, long Write)> known = new(StringComparer.Ordinal);
    private long writes;

    /// <summary>How many writes have been answered: asked before the ledger is read, it says which of them the reading may not show.</summary>
    public long Writes => Interlocked.Read(ref writes);

    /// <summary>Whether the ledger has been read.</summary>
    public bool IsRead { get; private set; }

    /// <summary>All nodes.</summary>
    public IReadOnlyList<NodeLedger> All
    {
        get
        {
            lock (gate)
                return [.. known.Values.Select(k => k.Node)];
        }
    }

    /// <summary>Takes in a reading of the whole ledger.</summary>
    /// <param name="read">What it showed.</param>
    /// <param name="before"><see cref="Writes"/> before it was read.</param>
    public void Learn(IReadOnlyList<NodeLedger> read, long before)
    {
        lock (gate)
        {
            var written = known.Where(k => k.Value.Write > before).ToList();
            var ours = known.ToDictionary(k => k.Key, k => k.Value.Write);
            known.Clear();
            foreach (var node in read)
                known[node.Node.Uid] = (node, ours.GetValueOrDefault(node.Node.Uid));
            // What was written meanwhile, this reading may have missed.
            foreach (var (uid, node) in written)
                known[uid] = node;
            IsRead = true;
        }
    }

    /// <summary>Takes in the answer to a write.</summary>
    public void Wrote(ClusterNode node, IReadOnlyList<Hold> holds)
    {
        lock (gate)
            known[node.Uid] = (new NodeLedger(node, holds.Count > 0, holds), ++writes);
    }

    /// <summary>Somebody has uncordoned a node, or has removed a hold from it.</summary>
    public void Opened(ClusterNode node)
    {
        lock (gate)
            if (known.TryGetValue(node.Uid, out var found))
                known[node.Uid] = (found.Node with { Unschedulable = false }, ++writes);
    }

    /// <summary>What is known of a node; null for nothing.</summary>
    public NodeLedger? Find(ClusterNode node)
    {
        lock (gate)
            return known.TryGetValue(node.Uid, out var found) ? found.Node : null;
    }

    /// <summary>The node is gone.</summary>
    public void Forget(ClusterNode node)
    {
        lock (gate)
            known.Remove(node.Uid);
    }

    /// <summary>Whether this process has written the node.</summary>
    public bool IsWritten(ClusterNode node)
    {
        lock (gate)
            return known.TryGetValue(node.Uid, out var found) && found.Write > 0;
    }

    /// <summary>Since when a hold is there: one whose reason alone changes has been there all the time.</summary>
    public DateTimeOffset? Since(ClusterNode node, HoldKey key)
    {
        lock (gate)
            return known.TryGetValue(node.Uid, out var found) ? found.Node.Holds.FirstOrDefault(h => h.Key == key)?.Since : null;
    }
}
