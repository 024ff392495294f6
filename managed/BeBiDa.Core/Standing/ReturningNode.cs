using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Standing;

/// <summary>A node that a job has left, and what its kubelet has said since.</summary>
/// <param name="node">The node.</param>
/// <param name="hold">Its hold.</param>
/// <param name="before">What kubelet said last before the job had left; null if unknown.</param>
/// <param name="since">Since when it waits.</param>
internal sealed class ReturningNode(ClusterNode node, Hold hold, NodeHeartbeat? before, DateTimeOffset since)
{
    // A kubelet that starts renews its Lease and posts the status at about the same time.
    private const int LooksForAStatus = 3;

    // Jobs that end together leave a node one after the other.
    private const int LooksForAJobsEnd = 5;

    private NodeHeartbeat? before = before;
    private NodeHeartbeat? now;
    private string? lease = before?.Lease;
    private int looksSinceRenewal;
    private int looksWithJob;
    private bool wasAway;

    public ClusterNode Node => node;

    public Hold Hold => hold;

    /// <summary>Since when it waits; an outage of Kubernetes does not count.</summary>
    public DateTimeOffset Since { get; private set; } = since;

    /// <summary>Whether the hold is in the ledger.</summary>
    public bool IsWritten { get; set; }

    /// <summary>Whether a job has it, or has not given it back yet: its kubelet is stopped.</summary>
    public bool HasJob => looksWithJob > 0;

    /// <summary>Whether a job has it to stay: that job's end begins anew.</summary>
    public bool IsTaken => looksWithJob >= LooksForAJobsEnd;

    /// <summary>Whether the hold is another one now, or none.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Takes in what a look has shown.</summary>
    /// <param name="seen">What kubelet says; null if nothing was read.</param>
    /// <param name="isAway">Whether Kubernetes is away.</param>
    /// <param name="time">The time.</param>
    public void See(NodeHeartbeat? seen, bool isAway, DateTimeOffset time)
    {
        now = seen;
        var hasJob = seen?.Holds.Any(h => h.Key.IsJob && h.Key.Cluster == hold.Key.Cluster) == true;
        looksWithJob = hasJob ? looksWithJob + 1 : 0;
        IsGone = seen?.Holds.All(h => h.Key != hold.Key || h.Since != hold.Since) == true;
        if (HasJob || (wasAway && !isAway))
            Since = time;
        wasAway = isAway;
        if (HasJob)
            (before, lease, looksSinceRenewal) = (null, null, 0);
        if (seen is null || HasJob)
            return;
        before ??= seen with { Lease = lease ??= seen.Lease };
        if (seen.Lease != lease || looksSinceRenewal > 0)
            looksSinceRenewal++;
        lease = seen.Lease;
    }

    /// <summary>Whether pods can use it.</summary>
    public bool IsReady(IReadOnlyList<string> resources) => Missing(resources) is null;

    /// <summary>What is missing, in words that follow "though"; null when nothing is.</summary>
    /// <param name="resources">What the node has to have.</param>
    public string? Missing(IReadOnlyList<string> resources) =>
        now is null ? "Kubernetes does not say how the node is"
        : !now.Ready ? "the node is not Ready"
        : !HasReported(now) ? "kubelet has not reported since the job left"
        : resources.Where(r => !now.Resources.Contains(r)).ToList() is { Count: > 0 } none ? $"the node has no {string.Join(", ", none)}"
        : null;

    // A kubelet that starts posts the status at once, and one that never stopped may not for five minutes: of that one, the
    // status is true. It is known by a Lease that is renewed while no new status comes.
    private bool HasReported(NodeHeartbeat seen) =>
        before is not null && (seen.Status != before.Status || looksSinceRenewal >= LooksForAStatus);
}
