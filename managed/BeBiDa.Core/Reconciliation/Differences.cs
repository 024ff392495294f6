using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;

namespace BeBiDa.Reconciliation;

/// <summary>Compares the holds of all nodes with Slurm's jobs. Slurm is right.</summary>
/// <param name="configuration">Which jobs and nodes count.</param>
internal sealed class Differences(BebidaConfiguration configuration)
{
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private readonly NodeNames names = new(configuration.Nodes);

    /// <summary>The differences, by node and job.</summary>
    /// <param name="ledger">The holds; read before the jobs, or a job that began in between would seem to be gone.</param>
    /// <param name="slurm">The jobs that have nodes; holds of other clusters than theirs are not looked at, nor of array tasks, which Slurm gives numbers of their own.</param>
    /// <param name="isRelayed">Whether a job that does not hold a node has it under the hold <see cref="Holders.Linger"/>, which is there.</param>
    public IReadOnlyList<Repair> Between(
        IReadOnlyList<NodeLedger> ledger,
        JobList slurm,
        Func<HoldKey, ClusterNode, Hold, bool>? isRelayed = null
    )
    {
        var (slurmCluster, jobs) = slurm;
        var byName = ledger.ToDictionary(n => n.Node.Name, StringComparer.Ordinal);
        var directory = new NodeDirectory();
        directory.Replace([.. ledger.Select(n => n.Node)]);
        var repairs = new List<Repair>();
        var places = new Dictionary<uint, HashSet<string>>();
        foreach (var job in jobs)
        {
            var nodes = job
                .Nodes.Select(name => (Name: name, Node: names.Find(name, directory)))
                .Where(n => n.Node is not null)
                .Select(n => (n.Name, Ledger: byName[n.Node!.Name]))
                .ToList();
            places[job.Id] = [.. nodes.Select(n => n.Ledger.Node.Name)];
            repairs.AddRange(Missing(slurmCluster, job, [.. nodes.Where(n => policy.Counts(n.Name))], isRelayed));
        }
        // Shrunk to no node, it has handed them to another job, whose hold comes with the next look.
        var leaving = jobs.Where(j => j.Leaving && j.Nodes.Count == 0).Select(j => j.Id).ToHashSet();
        foreach (var node in ledger)
        {
            // What holds another node is none of ours: two Slurms of one name may lend a part of the nodes each.
            if (!Counts(node))
                continue;
            var name = names.SlurmNameOf(node.Node);
            foreach (
                var hold in node.Holds.Where(h =>
                    h.Key is { IsJob: true, Task: null } && h.Key.Cluster == slurmCluster && !leaving.Contains(h.Key.JobId)
                )
            )
                if (!places.TryGetValue(hold.Key.JobId, out var place))
                    repairs.Add(new Repair(RepairAction.Release, name, node.Node, hold, "the job has no nodes in Slurm"));
                else if (!place.Contains(node.Node.Name))
                    repairs.Add(new Repair(RepairAction.Release, name, node.Node, hold, "the job is on other nodes, or has left this one"));
        }
        return [.. repairs.OrderBy(r => r.Node, StringComparer.Ordinal).ThenBy(r => r.Hold.Key.JobId)];
    }

    /// <summary>Whether the configuration lends this node.</summary>
    public bool Counts(NodeLedger node) => policy.Counts(names.SlurmNameOf(node.Node));

    private IEnumerable<Repair> Missing(
        string slurmCluster,
        SlurmJob job,
        IReadOnlyList<(string Name, NodeLedger Ledger)> nodes,
        Func<HoldKey, ClusterNode, Hold, bool>? isRelayed
    )
    {
        var key = new HoldKey(slurmCluster, job.Id);
        if (policy.Judge(job.In(slurmCluster, job.Nodes)).LeftAlone is not null)
            yield break;
        // A job that was granted its wish to keep its nodes has no hold anywhere, and Slurm shows the wish to prologs only.
        // So a job that may have been is believed; one hold that is left shows that it was not.
        var mayHaveKept = policy.MayKeep(job.User, job.Account, job.Partition) && !nodes.Any(n => n.Ledger.Holds.Any(h => h.Key == key));
        foreach (var (name, ledger) in nodes)
        {
            var hold = ledger.Holds.FirstOrDefault(h => h.Key == key);
            var lease = ledger.Holds.FirstOrDefault(h => h.Key.Cluster == slurmCluster && h.Key.Holder == Holders.Linger);
            if (hold is null && lease is not null && ledger.Unschedulable && isRelayed?.Invoke(key, ledger.Node, lease) == true)
                continue;
            if (hold is null)
                yield return mayHaveKept
                    ? new Repair(
                        RepairAction.LeaveAlone,
                        name,
                        ledger.Node,
                        new Hold(key, null),
                        "the job holds none of its nodes, and jobs.mayKeep allows it to keep them"
                    )
                    : new Repair(RepairAction.Hold, name, ledger.Node, new Hold(key, null), "the job is on the node and does not hold it");
            else if (!ledger.Unschedulable)
                yield return new Repair(RepairAction.Hold, name, ledger.Node, hold, "the node is schedulable though the job holds it");
        }
    }
}
