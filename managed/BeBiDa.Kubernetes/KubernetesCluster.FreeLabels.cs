using System.Globalization;
using BeBiDa.Cluster;
using BeBiDa.Holds;
using BeBiDa.Planning;

namespace BeBiDa.Kubernetes;

// How long a node stays free.
public sealed partial class KubernetesCluster : IFreeLabels
{
    // Whoever wrote the label with kubectl does not keep it.
    private const string FreeManager = $"fieldManager={WellKnownNames.FreeManager}&force=true";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<(ClusterNode Node, FreeTime Told)>> ReadFreeAsync(CancellationToken cancellationToken)
    {
        var told = new List<(ClusterNode Node, FreeTime Told)>();
        await foreach (var node in ListNodesAsync($"&labelSelector={WellKnownNames.FreeSeconds}", cancellationToken).ConfigureAwait(false))
            if (nodes.Node(node.Metadata) is { } known && Told(node.Metadata!) is { } free)
                told.Add((known, free));
        return told;
    }

    // What nobody can read promises everything, and is written anew.
    private static FreeTime? Told(ObjectMeta metadata) =>
        metadata.Labels?.GetValueOrDefault(WellKnownNames.FreeSeconds) is { } label
            ? new FreeTime(
                DateTimeOffset.TryParse(
                    metadata.Annotations?.GetValueOrDefault(WellKnownNames.FreeUntil),
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal,
                    out var until
                )
                    ? until
                    : DateTimeOffset.UnixEpoch,
                long.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : long.MaxValue
            )
            : null;

    /// <inheritdoc/>
    public async Task TellFreeAsync(ClusterNode node, FreeTime? free, CancellationToken cancellationToken) =>
        await ApplyMetaAsync(
                node,
                FreeManager,
                free is null
                    ? new NodeApplyMeta(node.Name, node.Uid, null, null)
                    : new NodeApplyMeta(
                        node.Name,
                        node.Uid,
                        new Dictionary<string, string> { [WellKnownNames.FreeUntil] = Hold.FormatTime(free.Until) },
                        new Dictionary<string, string>
                        {
                            [WellKnownNames.FreeSeconds] = free.Seconds.ToString(CultureInfo.InvariantCulture),
                        }
                    ),
                cancellationToken
            )
            .ConfigureAwait(false);
}
