namespace BeBiDa.Draining;

/// <summary>
/// How many of a drain's requests may be under way: so many in all, and of these only a share for each node's pods. A
/// node whose evictions hang (a webhook that does not answer, which whoever owns the pods may have chosen) thus keeps
/// neither the drain's other nodes nor other jobs waiting.
/// </summary>
/// <param name="maxInFlight">Requests in all.</param>
internal sealed class FairShare(int maxInFlight)
{
    // Enough for a node that answers: its next request begins as one ends.
    private readonly int mostOfANode = Math.Max(Math.Min(2, maxInFlight), maxInFlight / 8);

    private readonly Dictionary<string, Node> nodes = new(StringComparer.Ordinal);
    private int inFlight;

    /// <summary>Whether any node may begin another request.</summary>
    public bool HasRoom => inFlight < maxInFlight;

    /// <summary>Whether the last request about this node's pods got no answer.</summary>
    public bool IsSilent(string node) => nodes.GetValueOrDefault(node).IsSilent;

    /// <summary>Begins a request about one of a node's pods, if the node's share allows it now.</summary>
    public bool TryBegin(string node)
    {
        var share = nodes.GetValueOrDefault(node);
        if (!HasRoom || share.InFlight >= (share.IsSilent ? 1 : mostOfANode))
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
        nodes[node] = new Node(nodes[node].InFlight - 1, !isAnswered);
        inFlight--;
    }

    private readonly record struct Node(int InFlight, bool IsSilent);
}
