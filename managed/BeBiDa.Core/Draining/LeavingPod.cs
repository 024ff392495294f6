using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>A pod on its way out, and what was done about it so far.</summary>
internal sealed class LeavingPod(Pod pod)
{
    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; set; } = pod;

    /// <summary>A request about it is queued, under way, or waits for its next try.</summary>
    public bool Busy { get; set; }

    /// <summary>Its eviction or deletion was accepted.</summary>
    public bool Accepted { get; set; }

    /// <summary>When a deletion without grace was accepted.</summary>
    public DateTimeOffset? ForcedAt { get; set; }

    /// <summary>Tries so far, for the backoff.</summary>
    public int Tries { get; set; }

    /// <summary>Whether the last try met a disruption budget.</summary>
    public bool Blocked { get; set; }

    /// <summary>Why it stays for good, when the configuration or Kubernetes will not let it go.</summary>
    public string? Kept { get; set; }
}
