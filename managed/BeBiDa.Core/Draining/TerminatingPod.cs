using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>How far a pod is on its way out.</summary>
internal enum LeavingState
{
    /// <summary>Nothing that was asked for has been accepted yet.</summary>
    Running,

    /// <summary>Its eviction or deletion was accepted: it has its grace.</summary>
    Terminating,

    /// <summary>Its deletion without grace was accepted.</summary>
    Forced,

    /// <summary>Nobody waits for it any more.</summary>
    Remains,
}

/// <summary>A pod on its way out, and what was done about it so far.</summary>
internal sealed class TerminatingPod(Pod pod)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetryAfterTheDeadline = TimeSpan.FromSeconds(30);

    // After the deadline the job may run already, and nobody waits.
    private readonly Backoff untilDeadline = new(FirstRetry, LongestRetry);
    private readonly Backoff afterDeadline = new(LongestRetry, LongestRetryAfterTheDeadline);

    /// <summary>The pod as last seen.</summary>
    public Pod Pod { get; set; } = pod;

    /// <summary>How far it is.</summary>
    public LeavingState State { get; private set; }

    /// <summary>A request about it is queued, under way, or waits for its next try.</summary>
    public bool Busy { get; set; }

    /// <summary>Why the last request did not succeed; null when it did, or when there was none.</summary>
    public ClusterException? Refusal { get; private set; }

    /// <summary>When its deletion without grace was accepted.</summary>
    public DateTimeOffset ForcedAt { get; private set; }

    /// <summary>Why it remains, for people.</summary>
    public string Why { get; private set; } = "";

    /// <summary>Whether the hand-over fails because it remains.</summary>
    public bool IsFailure { get; private set; }

    /// <summary>Whether the deletion that the log has told of was one without grace; null where it has told of none.</summary>
    public bool? SaidDeletion { get; set; }

    /// <summary>A request about it was accepted.</summary>
    public void Accepted()
    {
        State = LeavingState.Terminating;
        Refusal = null;
    }

    /// <summary>Its deletion without grace was accepted.</summary>
    public void Forced(DateTimeOffset now)
    {
        State = LeavingState.Forced;
        Refusal = null;
        ForcedAt = now;
    }

    /// <summary>A request about it was refused, or got no answer.</summary>
    public void Refused(ClusterException refusal) => Refusal = refusal;

    /// <summary>Nobody waits for it any more.</summary>
    /// <param name="why">Why, for people.</param>
    /// <param name="isFailure">Whether the hand-over fails because of it.</param>
    public void Remain(string why, bool isFailure) => (State, Why, IsFailure) = (LeavingState.Remains, why, isFailure);

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="isLate">Whether the eviction deadline has passed.</param>
    public TimeSpan NextPause(bool isLate) => (isLate ? afterDeadline : untilDeadline).Next();
}
