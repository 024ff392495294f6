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
}
