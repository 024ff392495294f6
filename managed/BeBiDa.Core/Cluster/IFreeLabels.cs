using BeBiDa.Planning;

namespace BeBiDa.Cluster;

/// <summary>What Nodes say of how long they stay free.</summary>
public interface IFreeLabels
{
    /// <summary>What Nodes say now, as far as they do.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    Task<IReadOnlyList<(ClusterNode Node, FreeTime Told)>> ReadFreeAsync(CancellationToken cancellationToken);

    /// <summary>Writes a Node's label and annotation.</summary>
    /// <param name="node">The node.</param>
    /// <param name="free">What they say; null to remove them.</param>
    /// <param name="cancellationToken">Ends the wait; they may be written all the same.</param>
    /// <exception cref="ClusterException">It was not written, or no answer came.</exception>
    Task TellFreeAsync(ClusterNode node, FreeTime? free, CancellationToken cancellationToken);
}
