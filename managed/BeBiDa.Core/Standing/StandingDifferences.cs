using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;

namespace BeBiDa.Standing;

/// <summary>Compares the standing holds of nodes with those that they have to have.</summary>
/// <param name="configuration">Which nodes are lent.</param>
internal sealed class StandingDifferences(BebidaConfiguration configuration)
{
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private readonly NodeNames names = new(configuration.Nodes);

    /// <summary>The differences, by node and holder.</summary>
    /// <param name="ledger">The holds.</param>
    /// <param name="cluster">The Slurm cluster whose they are.</param>
    /// <param name="wanted">What its nodes have to have, by Slurm's name.</param>
    /// <param name="isKept">
    /// Whether a hold is to stay that Slurm's state alone never asks for: <see cref="Holders.Return"/>, <see cref="Holders.Linger"/>,
    /// <see cref="Holders.Planned"/> and <see cref="Holders.Policy"/>.
    /// </param>
    public IReadOnlyList<Repair> Between(
        IReadOnlyCollection<NodeLedger> ledger,
        string cluster,
        IReadOnlyDictionary<string, IReadOnlyList<StandingHold>> wanted,
        Func<NodeLedger, Hold, bool> isKept
    )
    {
        var repairs = new List<Repair>();
        foreach (var (name, node, holds) in Lent(ledger, wanted))
        {
            var own = node
                .Holds.Where(h => h.Key.Cluster == cluster && !h.Key.IsJob)
                .ToDictionary(h => h.Key.Holder!, StringComparer.Ordinal);
            foreach (var hold in holds)
                if (Problem(own.GetValueOrDefault(hold.Holder), hold, node) is { } why)
                    repairs.Add(
                        new Repair(RepairAction.Hold, name, node.Node, new Hold(new HoldKey(cluster, hold.Holder), null, hold.Reason), why)
                    );
            // What another release of ours may have written is left alone.
            foreach (var hold in own.Values.Where(h => Holders.All.Contains(h.Key.Holder!) && holds.All(w => w.Holder != h.Key.Holder)))
            {
                var why = hold.Key.Holder switch
                {
                    Holders.Return => "nobody waits for its kubelet",
                    Holders.Linger => "nobody keeps it for the next job",
                    Holders.Planned => "no job is to start there soon",
                    Holders.Policy => "it need not be kept free for Slurm",
                    _ => null,
                };
                if (why is null || !isKept(node, hold))
                    repairs.Add(new Repair(RepairAction.Release, name, node.Node, hold, why ?? "Slurm no longer asks for it"));
            }
        }
        return [.. repairs.OrderBy(r => r.Node, StringComparer.Ordinal).ThenBy(r => r.Hold.Key.Holder, StringComparer.Ordinal)];
    }

    /// <summary>The nodes that are lent, with Slurm's name and what they have to have.</summary>
    public IEnumerable<(string Name, NodeLedger Node, IReadOnlyList<StandingHold> Wanted)> Lent(
        IReadOnlyCollection<NodeLedger> ledger,
        IReadOnlyDictionary<string, IReadOnlyList<StandingHold>> wanted
    )
    {
        var directory = new NodeDirectory();
        directory.Replace([.. ledger.Select(n => n.Node)]);
        var byNode = new Dictionary<string, List<(string Name, IReadOnlyList<StandingHold> Wanted)>>(StringComparer.Ordinal);
        // Slurm's own spelling of a name leads to the node; from the node alone only a part of it could be told.
        foreach (var (name, holds) in wanted)
            if (names.Find(name, directory) is { } node)
                (byNode.TryGetValue(node.Name, out var all) ? all : byNode[node.Name] = []).Add((name, holds));
        foreach (var node in ledger)
        {
            // Several of Slurm's nodes may be one of Kubernetes'.
            List<(string Name, IReadOnlyList<StandingHold> Wanted)> own = byNode.TryGetValue(node.Node.Name, out var found)
                ? [.. found.Where(f => policy.Counts(f.Name))]
                : [];
            var name = own.Count > 0 ? own[0].Name : names.SlurmNameOf(node.Node);
            if (own.Count > 0 || policy.Counts(name))
                yield return (
                    name,
                    node,
                    own.Count == 1
                        ? own[0].Wanted
                        : [.. own.SelectMany(o => o.Wanted).GroupBy(h => h.Holder).Select(g => g.MaxBy(h => h.Pods)!)]
                );
        }
    }

    private static string? Problem(Hold? has, StandingHold wants, NodeLedger node) =>
        has is null ? wants.Reason.Why
        : !node.Unschedulable ? "the node is schedulable though it is held"
        : has.Reason != wants.Reason ? $"{wants.Reason.Why} (it was: {has.Reason?.Why})"
        : null;
}
