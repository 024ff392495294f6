using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>How far a pod is on its way out.</summary>
internal abstract record PodState
{
    private PodState() { }

    /// <summary>Nothing that was asked for has been accepted yet.</summary>
    public sealed record Running : PodState;

    /// <summary>Its eviction or deletion was accepted: it has its grace.</summary>
    public sealed record Terminating : PodState;

    /// <summary>Its deletion without grace was accepted.</summary>
    /// <param name="At">When.</param>
    public sealed record Forced(DateTimeOffset At) : PodState;

    /// <summary>Nobody waits for it any more.</summary>
    /// <param name="Why">Why, for people.</param>
    /// <param name="IsFailure">Whether the hand-over fails because of it.</param>
    public sealed record Remaining(string Why, bool IsFailure) : PodState;
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
    public PodState State { get; private set; } = new PodState.Running();

    /// <summary>A request about it is queued, under way, or waits for its next try.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Why the last request did not succeed; null when it did, or when there was none.</summary>
    public ClusterException? Refusal { get; private set; }

    /// <summary>Whether the deletion that the log has told of was one without grace; null where it has told of none.</summary>
    public bool? LoggedDeletion { get; set; }

    /// <summary>A request about it was accepted.</summary>
    public void Accept(PodState state) => (State, Refusal) = (state, null);

    /// <summary>A request about it was refused, or got no answer.</summary>
    public void Refuse(ClusterException refusal) => Refusal = refusal;

    /// <summary>Nobody waits for it any more.</summary>
    /// <param name="why">Why, for people.</param>
    /// <param name="isFailure">Whether the hand-over fails because of it.</param>
    public void Remain(string why, bool isFailure) => State = new PodState.Remaining(why, isFailure);

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="isLate">Whether the eviction deadline has passed.</param>
    public TimeSpan NextPause(bool isLate) => (isLate ? afterDeadline : untilDeadline).Next();
}
