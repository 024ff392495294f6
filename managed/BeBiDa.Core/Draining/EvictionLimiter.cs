using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>
/// How many of a drain's requests may be under way: so many in all, and of these only a share for each node's pods. A
/// node whose evictions hang (a webhook that does not answer, which whoever owns the pods may have chosen) thus keeps
/// neither the drain's other nodes nor other jobs waiting. The share of a node that answers grows with each answer: an
/// eviction waits up to a tenth of a second in the API server, which is no reason to let a node's many pods wait in a row.
/// </summary>
/// <param name="maxInFlight">Requests in all.</param>
internal sealed class EvictionLimiter(int maxInFlight)
{
    private readonly (int First, int Most) ofANode = RequestLimits.EvictionsOfANode(maxInFlight);

    private readonly Dictionary<string, Node> nodes = new(StringComparer.Ordinal);
    private int inFlight;

    /// <summary>Whether any node may begin another request.</summary>
    public bool HasRoom => inFlight < maxInFlight;

    /// <summary>Whether the last request about this node's pods got no answer.</summary>
    public bool IsSilent(string node) => nodes.GetValueOrDefault(node).IsSilent;

    /// <summary>How many requests about this node's pods are under way.</summary>
    public int InFlightOf(string node) => nodes.GetValueOrDefault(node).InFlight;

    /// <summary>Begins a request about one of a node's pods, if the node's share allows it now.</summary>
    public bool TryBegin(string node)
    {
        var share = nodes.GetValueOrDefault(node);
        if (!HasRoom || share.InFlight >= (share.IsSilent ? 1 : Math.Min(ofANode.First + share.Answers, ofANode.Most)))
            return false;
        nodes[node] = share with { InFlight = share.InFlight + 1 };
        inFlight++;
        return true;
    }

    /// <summary>A request has ended.</summary>
    /// <param name="node">Its pod's node.</param>
    /// <param name="isAnswered">Whether it got an answer; without one, the node's requests go one at a time until one does.</param>
    public void End(string node, bool isAnswered)
    {
        var share = nodes[node];
        nodes[node] = new Node(share.InFlight - 1, isAnswered ? share.Answers + 1 : 0, !isAnswered);
        inFlight--;
    }

    // Answers: since it was silent last.
    private readonly record struct Node(int InFlight, int Answers, bool IsSilent);
}
