using BeBiDa.Cluster;
using BeBiDa.Configuration;

namespace BeBiDa.Draining;

/// <summary>A pod on its way out, and what was done about it so far.</summary>
internal sealed class LeavingPod(Pod pod)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(2);

    private int tries;

    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; set; } = pod;

    /// <summary>A request about it is queued, under way, or waits for its next try.</summary>
    public bool Busy { get; set; }

    /// <summary>Its eviction or deletion was accepted.</summary>
    public bool Accepted { get; set; }

    /// <summary>When a deletion without grace was accepted.</summary>
    public DateTimeOffset? ForcedAt { get; set; }

    /// <summary>Whether the last try met a disruption budget.</summary>
    public bool Blocked { get; set; }

    /// <summary>Whether the last try got no answer.</summary>
    public bool Unanswered { get; set; }

    /// <summary>Why it stays for good, when the configuration or Kubernetes will not let it go.</summary>
    public string? Kept { get; set; }

    /// <summary>Why, at the deadline, it is deleted and no more evicted; null when it is not.</summary>
    public (string Why, bool IsForced)? Deletion(EvictionConfiguration policy)
    {
        if (Accepted && policy.OnStuck == AtDeadline.Delete)
            return ("has not ended within its grace", true);
        if ((Blocked || Unanswered) && policy.OnBudget == AtDeadline.Delete)
            return (Blocked ? "was kept by a disruption budget until the deadline" : "could not be evicted until the deadline, for want of an answer", false);
        return null;
    }

    /// <summary>How long to wait before the next try.</summary>
    public TimeSpan Backoff()
    {
        var backoff = FirstRetry * Math.Pow(2, Math.Min(tries++, 10));
        return backoff < LongestRetry ? backoff : LongestRetry;
    }
}
