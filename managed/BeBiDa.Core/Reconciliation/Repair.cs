using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Reconciliation;

/// <summary>What is done about a difference.</summary>
public enum RepairAction
{
    /// <summary>The hold is taken off the node.</summary>
    Release,

    /// <summary>The job holds the node again, and the node's pods are evicted.</summary>
    Hold,

    /// <summary>Nothing: the job may have asked for it.</summary>
    LeaveAlone,

    /// <summary>The node is drained in Slurm; the hold's reason is the one that Slurm shows.</summary>
    Drain,

    /// <summary>The node is undrained in Slurm; the hold's reason is the one that Slurm showed.</summary>
    Undrain,
}

/// <summary>A difference between a node's holds and Slurm's jobs, and what is to be done about it.</summary>
/// <remarks>Two of them are equal only if the facts are the same: the node's uid and the time of the hold count too.</remarks>
/// <param name="Action">What is to be done.</param>
/// <param name="Node">Slurm's name of the node.</param>
/// <param name="KubernetesNode">The node.</param>
/// <param name="Hold">The hold that is released, or that is missing or without effect.</param>
/// <param name="Why">The difference, for people.</param>
public sealed record Repair(RepairAction Action, string Node, ClusterNode KubernetesNode, Hold Hold, string Why);

/// <summary>What became of a repair.</summary>
/// <param name="Repair">The repair.</param>
/// <param name="Problem">Why it could not be done; null when it was.</param>
public sealed record RepairOutcome(Repair Repair, string? Problem);

/// <summary>What a reconciliation has done.</summary>
/// <param name="Outcomes">Every repair, and every job that was left alone.</param>
/// <param name="Problem">Why it ended before its time: what could not be read; null when it did not.</param>
public sealed record ReconcileResult(IReadOnlyList<RepairOutcome> Outcomes, string? Problem)
{
    /// <summary>Whether nothing is left to repair.</summary>
    public bool Succeeded => Problem is null && Outcomes.All(o => o.Problem is null);
}
