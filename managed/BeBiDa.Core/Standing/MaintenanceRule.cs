using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;

namespace BeBiDa.Standing;

/// <summary>
/// What a mark on a Node (<c>nodes.maintenanceLabel</c>) asks of Slurm. The labels, Slurm's state and the site's configuration
/// decide, and nothing else: our reason in Slurm is all that is remembered.
/// </summary>
/// <param name="configuration">The site's configuration.</param>
public sealed class MaintenanceRule(BebidaConfiguration configuration)
{
    /// <summary>The reason that we undrain a node with.</summary>
    /// <remarks>
    /// Slurm forgets it at once. But without accounting, releases from 23.11 to 25.11 keep the reason of a node that is well, and
    /// drain it with that when something fails: whoever reads our old reason then would undrain it.
    /// </remarks>
    public const string Ended = "bebida maintenance has ended";

    // What follows it is a label's value: a reason that anybody wrote something behind is no longer ours.
    private const string Prefix = "bebida maintenance: ";

    // slurmctld gives this reason by itself to a node that does not answer, and replaces it as readily.
    private const string NotResponding = "Not responding";

    private readonly NodeNames names = new(configuration.Nodes);
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);

    /// <summary>The reason that we drain a node with.</summary>
    public static string ReasonOf(MaintenanceMark mark) => Prefix + mark.Label;

    /// <summary>Whether a reason is exactly one of ours.</summary>
    public static bool IsOurs(string reason) =>
        reason.StartsWith(Prefix, StringComparison.Ordinal) && MaintenanceMark.IsLabel(reason[Prefix.Length..]);

    /// <summary>Whether a reason is one of ours, or what is left of one.</summary>
    public static bool IsOrWasOurs(string reason) => reason == Ended || IsOurs(reason);

    /// <summary>Whether a node is DRAIN because of us.</summary>
    public static bool IsDrainedByUs(SlurmNode node) => (node.Conditions & NodeConditions.Drain) != 0 && IsOurs(node.Reason);

    /// <summary>The marks of the nodes that are lent, by Slurm's name of the node.</summary>
    /// <param name="slurm">Slurm's state.</param>
    /// <param name="directory">The nodes in Kubernetes.</param>
    public IReadOnlyDictionary<string, MaintenanceMark> Marks(SlurmConditions slurm, NodeDirectory directory)
    {
        var marks = new Dictionary<string, MaintenanceMark>(StringComparer.Ordinal);
        // Most of the time there is none, and thousands of names need not be looked up.
        if (directory.Nodes.Any(node => node.Mark is not null))
            foreach (var node in slurm.Nodes)
                if (names.Find(node.Name, directory)?.Mark is { } mark && policy.Counts(node.Name))
                    marks[node.Name] = mark;
        return marks;
    }

    /// <summary>The nodes that are to be drained or undrained in Slurm.</summary>
    /// <param name="slurm">Slurm's state.</param>
    /// <param name="directory">The nodes in Kubernetes.</param>
    public IReadOnlyList<Repair> Changes(SlurmConditions slurm, NodeDirectory directory)
    {
        var marks = Marks(slurm, directory);
        var changes = new List<Repair>();
        if (configuration.Nodes.MaintenanceLabel.Length == 0)
            return changes;
        foreach (var node in slurm.Nodes)
        {
            var isOurs = IsDrainedByUs(node);
            // What Kubernetes does not know has no label, and may be reinstalled just now.
            if ((!isOurs && !marks.ContainsKey(node.Name)) || names.Find(node.Name, directory) is not { } known)
                continue;
            if (known.Mark is null)
                changes.Add(New(RepairAction.Undrain, node, known, node.Reason, "its maintenance is over"));
            else if (marks.ContainsKey(node.Name) && (isOurs ? node.Reason != ReasonOf(known.Mark) : IsFree(node)))
                changes.Add(New(RepairAction.Drain, node, known, ReasonOf(known.Mark), $"marked for maintenance: {known.Mark.Reason}"));
        }
        return changes;

        Repair New(RepairAction action, SlurmNode node, ClusterNode known, string reason, string why) =>
            new(
                action,
                node.Name,
                known,
                new Hold(new HoldKey(slurm.Cluster, Holders.Maintenance), null, new HoldReason(reason, null)),
                why
            );
    }

    // A reason is not replaced that somebody gave: such a node gets no jobs either.
    private static bool IsFree(SlurmNode node) =>
        (node.Conditions & NodeConditions.Drain) == 0
        && (
            (node.Conditions & (NodeConditions.Down | NodeConditions.Fail)) == 0
            || node.Reason.Length == 0
            || IsOrWasOurs(node.Reason)
            || node.Reason.StartsWith(NotResponding, StringComparison.Ordinal)
        );
}
