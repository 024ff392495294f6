namespace BeBiDa.Cluster;

/// <summary>Why Kubernetes did not do what it was asked.</summary>
public enum ClusterFault
{
    /// <summary>No answer, a broken connection, a time-out, or a fault of the server's own (5xx).</summary>
    Unavailable,

    /// <summary>Too many requests (429): a server that sheds load, or a webhook that asks for time.</summary>
    Throttled,

    /// <summary>A PodDisruptionBudget does not allow it now (429 with the cause DisruptionBudget).</summary>
    Blocked,

    /// <summary>Another writer came first, or the object has another uid now (409).</summary>
    Conflict,

    /// <summary>There is no such object (404).</summary>
    NotFound,

    /// <summary>The resourceVersion of a watch or list is too old (410).</summary>
    Expired,

    /// <summary>Not authenticated (401); credentials may be rotated, so worth another try.</summary>
    Unauthenticated,

    /// <summary>The object's namespace is being deleted and takes nothing new (403 with the cause NamespaceTerminating).</summary>
    NamespaceTerminating,

    /// <summary>Not allowed (403). Where rights decide what comes next, a SelfSubjectAccessReview has confirmed that one is missing.</summary>
    Forbidden,

    /// <summary>Rejected (400, 422, …): the request is invalid, or an admission webhook denied it.</summary>
    Refused,
}

/// <summary>Kubernetes did not do what it was asked.</summary>
/// <param name="fault">Why.</param>
/// <param name="message">What failed and what the server said, for an admin.</param>
/// <param name="retryAfter">How long the server asks to wait; null when it does not say.</param>
/// <param name="inner">What caused it.</param>
public sealed class ClusterException(ClusterFault fault, string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Why.</summary>
    public ClusterFault Fault { get; } = fault;

    /// <summary>How long the server asks to wait before the next try; null when it does not say.</summary>
    /// <remarks>At most a minute: the value may come from a webhook of the cluster, and a timer must not wait for centuries.</remarks>
    public TimeSpan? RetryAfter { get; } = retryAfter > LongestWait ? LongestWait : retryAfter;

    /// <summary>Whether another try can help.</summary>
    public bool IsTransient => Fault is not (ClusterFault.Refused or ClusterFault.Forbidden or ClusterFault.NotFound);
}
