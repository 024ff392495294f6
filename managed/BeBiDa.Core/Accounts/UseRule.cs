using BeBiDa.Holds;
using BeBiDa.Standing;

namespace BeBiDa.Accounts;

/// <summary>The one rule that says what a node is used for, from what Slurm and Kubernetes say of it at the same time.</summary>
public static class UseRule
{
    /// <summary>What a node is used for.</summary>
    /// <param name="state">Its state in Slurm; null when that is not known.</param>
    /// <param name="kubernetes">What Kubernetes says of it; null when it knows no such node.</param>
    /// <param name="isKubernetesKnown">Whether Kubernetes answers at all.</param>
    public static NodeUse Of(string? state, KubernetesFacts? kubernetes, bool isKubernetesKnown = true)
    {
        if (state is null)
            return NodeUse.Unknown;
        var words = state.Split('+');
        var (isJobs, standing) = (JobsOf(kubernetes).Any(), Holds(kubernetes).Where(IsStanding).Select(HolderOf).ToHashSet());
        if (IsAllocated(state))
            // A job that keeps its nodes in Kubernetes has no hold on them, and pods beside it are no hand-over.
            return isJobs && kubernetes!.Pods > kubernetes.Tolerating ? NodeUse.Between : NodeUse.Slurm;
        if (!isKubernetesKnown || words[0] == "UNKNOWN")
            return NodeUse.Unknown;
        // Whatever else Slurm says of it: pods run there, and more may be added.
        if (kubernetes is { Ready: true, Unschedulable: false, Pods: > 0 } && !isJobs && standing.Count == 0)
            return NodeUse.LentWithPods;
        if (words[0] is "ERROR" or "FUTURE" || NodeStates.Read(state) != NodeConditions.None)
            return NodeUse.Unavailable;
        if (isJobs || words.Contains("COMPLETING"))
            return NodeUse.Between;
        return kubernetes is { Ready: true, Unschedulable: false } && standing.Count == 0 ? NodeUse.LentEmpty : KeptFor(standing);
    }

    /// <summary>Whether jobs have a node, as Slurm says.</summary>
    internal static bool IsAllocated(string state) => state.Split('+')[0] is "ALLOCATED" or "MIXED";

    /// <summary>The holds of jobs among those of a node.</summary>
    /// <remarks>A node that waits for its kubelet after a job is still on its way back from that job.</remarks>
    internal static IEnumerable<string> JobsOf(KubernetesFacts? kubernetes) => Holds(kubernetes).Where(hold => !IsStanding(hold));

    // What no setting of ours can change counts first. A node that is planned or kept free has a lease for the next job, too.
    private static NodeUse KeptFor(HashSet<string> standing) =>
        standing.Except([Holders.Linger, Holders.Planned, Holders.Policy]).Any() ? NodeUse.Held
        : standing.Contains(Holders.Planned) ? NodeUse.Planned
        : standing.Contains(Holders.Policy) ? NodeUse.Policy
        : standing.Contains(Holders.Linger) ? NodeUse.Linger
        : NodeUse.Held;

    private static bool IsStanding(string hold) => HolderOf(hold) is var holder && Holders.IsName(holder) && holder != Holders.Return;

    private static string HolderOf(string hold) => hold[(hold.LastIndexOf('.') + 1)..];

    private static string[] Holds(KubernetesFacts? kubernetes) =>
        (kubernetes?.Holds ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
}
