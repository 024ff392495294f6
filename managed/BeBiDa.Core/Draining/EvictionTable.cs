using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>What a drain does after an answer to an eviction or a deletion.</summary>
public enum NextStep
{
    /// <summary>The pod is terminating: wait until it is gone.</summary>
    Wait,

    /// <summary>The pod is gone.</summary>
    Gone,

    /// <summary>Evict again, with backoff, until the eviction deadline; then <c>eviction.onBudget</c> decides.</summary>
    TryAgain,

    /// <summary>Stop: no further request can succeed before an admin grants the right.</summary>
    Fail,
}

/// <summary>One answer that the API server can give to an eviction or a deletion, and what follows from it.</summary>
/// <param name="Fault">The kind of answer; null for success.</param>
/// <param name="Answer">The HTTP status and cause, for the documentation.</param>
/// <param name="Meaning">What it means, for the documentation.</param>
/// <param name="Next">What the drain does next.</param>
/// <param name="Metric">The reason that <c>bebida_pods_deleted_total</c> counts a pod under when it is deleted after this answer.</param>
public sealed record EvictionRow(ClusterFault? Fault, string Answer, string Meaning, NextStep Next, string Metric);

/// <summary>Every answer that an eviction or a deletion can get, one row each.</summary>
/// <remarks>
/// Two rules make the table: no refusal ends a hand-over early while another try may help, and at the deadline the site's
/// policy decides, whatever the refusal was. Nothing here reads what the server says to people.
/// Sources: pkg/registry/core/pod/storage/eviction.go and the admission plugins of Kubernetes 1.36;
/// kubernetes.io/docs/concepts/scheduling-eviction/api-eviction.
/// </remarks>
public static class EvictionTable
{
    private const string Refused = "refused";

    /// <summary>The rows, in the order of the documentation.</summary>
    public static IReadOnlyList<EvictionRow> Rows { get; } =
    [
        new(null, "200, 201", "The pod is terminating", NextStep.Wait, ""),
        new(ClusterFault.NotFound, "404 that names the pod", "The pod is gone", NextStep.Gone, ""),
        new(
            ClusterFault.Conflict,
            "409",
            "Another pod has the name now, or something wrote the pod at the same time; the watch tells which",
            NextStep.TryAgain,
            Refused
        ),
        new(
            ClusterFault.Blocked,
            "429, cause DisruptionBudget",
            "A PodDisruptionBudget allows no disruption now",
            NextStep.TryAgain,
            "budget"
        ),
        new(
            ClusterFault.Throttled,
            "429, no such cause",
            "The API server sheds load, or a webhook asks for time, as KubeVirt's does for a live migration",
            NextStep.TryAgain,
            Refused
        ),
        new(
            ClusterFault.NamespaceTerminating,
            "403, cause NamespaceTerminating",
            "The namespace is being deleted and accepts no evictions; it still accepts deletions",
            NextStep.TryAgain,
            Refused
        ),
        new(
            ClusterFault.Forbidden,
            "403, and a SelfSubjectAccessReview denies the right",
            "The kubeconfig's identity lacks the right",
            NextStep.Fail,
            ""
        ),
        new(
            ClusterFault.Refused,
            "403 although the right is there; 400, 404 that names no pod, 422 and other 4xx",
            "An admission webhook or plugin denies it",
            NextStep.TryAgain,
            Refused
        ),
        new(ClusterFault.Unauthenticated, "401", "The credential has expired or is being rotated", NextStep.TryAgain, "unanswered"),
        new(ClusterFault.Expired, "410", "A proxy or webhook answers with a code that has no meaning here", NextStep.TryAgain, Refused),
        new(
            ClusterFault.Unavailable,
            "5xx, no answer, a broken connection",
            "The server fails; a webhook fails, hangs or cannot be reached; two budgets select the pod",
            NextStep.TryAgain,
            "unanswered"
        ),
    ];

    /// <summary>The row of a request that succeeded (null) or failed.</summary>
    public static EvictionRow Of(ClusterFault? fault) => Rows.Single(row => row.Fault == fault);
}
