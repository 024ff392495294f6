using BeBiDa.Cluster;
using BeBiDa.Holds;
using BeBiDa.Reconciliation;

namespace BeBiDa.Tests;

/// <summary>The holds of a made-up cluster.</summary>
internal sealed class FakeLedger(FakeCluster cluster, TimeProvider time) : ILedger
{
    private readonly Dictionary<string, int> uncordoned = [];

    /// <summary>Called before the n-th reading.</summary>
    public Func<int, Task>? Before { get; set; }

    public int Reads { get; private set; }

    /// <summary>The nodes where a watch shows others.</summary>
    public IReadOnlyList<ClusterNode>? Nodes { get; set; }

    /// <summary>Nodes that are held, with their holds: "n1:c.7,c.8 n2:c.7".</summary>
    public string State =>
        string.Join(' ', cluster.Held.OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}:{string.Join(',', h.Value)}"));

    /// <summary>Someone runs kubectl uncordon: the node is schedulable until it is held again.</summary>
    public void Uncordon(string node) => uncordoned[node] = cluster.Count($"hold {node} ");

    public async Task<IReadOnlyList<NodeLedger>> ReadAsync(CancellationToken cancellationToken)
    {
        Reads++;
        if (Before is { } before)
            await before(Reads);
        return [.. (Nodes ?? cluster.Directory.Nodes).Select(node => new NodeLedger(node, Unschedulable(node.Name), Holds(node.Name)))];
    }

    private bool Unschedulable(string node) =>
        cluster.Held.ContainsKey(node) && !(uncordoned.TryGetValue(node, out var holds) && holds == cluster.Count($"hold {node} "));

    // A hold that is written again has another time.
    private IReadOnlyList<Hold> Holds(string node) =>
        cluster.HoldsOf(node, name => time.GetUtcNow().Date + TimeSpan.FromSeconds(cluster.Count($"hold {node} {name}")));
}
