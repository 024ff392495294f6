using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>
/// Which pods that come to a node after its hold are evicted. kubectl drain evicts what is there and ends; a controller
/// whose pods come back however often they are evicted must not keep a job waiting, nor have its pods evicted in a loop.
/// </summary>
/// <remarks>
/// One for each hand-over, which its drain and the looks for late pods share, one after the other. A pod that tolerates
/// <c>unschedulable</c> comes back by design: its owner loses one on each node. Any other was bound in the moment of the
/// hold, or bypasses the scheduler (<c>spec.nodeName</c>); of the former there may be several, of the latter no end.
/// </remarks>
/// <param name="remains">Told once for each owner and node that its further pods remain, with the reason.</param>
internal sealed class ReplacementLimit(Action<Pod, string> remains)
{
    private const int MostOfAnOwner = 16;

    private readonly Dictionary<(string Owner, string Node), int> evicted = [];
    private readonly HashSet<(string Owner, string Node)> told = [];

    /// <summary>Whether to evict a pod that came after the hold; counts it if so.</summary>
    public bool Allows(Pod pod)
    {
        var key = (pod.OwnerUid, pod.Node);
        var count = evicted.GetValueOrDefault(key);
        if (count < (pod.ToleratesUnschedulable ? 1 : MostOfAnOwner))
        {
            evicted[key] = count + 1;
            return true;
        }
        if (told.Add(key))
            remains(
                pod,
                pod.ToleratesUnschedulable
                    ? "tolerates node.kubernetes.io/unschedulable and came back after its eviction"
                    : $"came back after {MostOfAnOwner} evictions (is spec.nodeName set?)"
            );
        return false;
    }
}
