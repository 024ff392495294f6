using BeBiDa.Cluster;
using BeBiDa.Configuration;

namespace BeBiDa.Draining;

/// <summary>Which pods leave a node, and which may not; the words are kubectl drain's.</summary>
public static class DrainRules
{
    /// <summary>Whether a pod has to leave: not what a DaemonSet or the kubelet itself would start again, nor what has ended.</summary>
    public static bool MustLeave(Pod pod) => !pod.Finished && !pod.Mirror && !pod.OfDaemonSet;

    /// <summary>Why the configuration keeps a pod that should leave; null when it may be evicted.</summary>
    public static string? ReasonToKeep(Pod pod, EvictionConfiguration policy)
    {
        if (!pod.HasController && !policy.Force)
            return "has no controller that would start it elsewhere, and eviction.force is false";
        if (pod.HasEmptyDir && !policy.DeleteEmptyDirData)
            return "has an emptyDir volume, and eviction.deleteEmptyDirData is false";
        return null;
    }

    /// <summary>The grace that a pod is evicted with; null leaves it its own.</summary>
    /// <remarks>
    /// Zero deletes the pod from the API before its processes have ended (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle,
    /// "Forced Pod termination"): a second one of the same identity could start beside it.
    /// </remarks>
    public static TimeSpan? Grace(Pod pod, EvictionConfiguration policy) =>
        policy.GracePeriod is { } grace && grace < ShortestGraceOfAnIdentity && pod.HasIdentity
            ? ShortestGraceOfAnIdentity
            : policy.GracePeriod;

    private static readonly TimeSpan ShortestGraceOfAnIdentity = TimeSpan.FromSeconds(1);
}
