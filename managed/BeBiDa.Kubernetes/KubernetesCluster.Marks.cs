using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

// Marks for maintenance: a label that anybody may set, with kubectl as well. Ours is one more owner of it.
public sealed partial class KubernetesCluster
{
    private const string MarkManager = $"fieldManager={WellKnownNames.MaintenanceManager}";

    // Another writer may come in between; each time, it is looked at again what there is.
    private const int MostConflicts = 10;

    /// <summary>Marks a node for maintenance. A mark that somebody else has put there keeps its reason, and stays when ours goes.</summary>
    /// <param name="node">The node.</param>
    /// <param name="label">The label (<c>nodes.maintenanceLabel</c>).</param>
    /// <param name="reason">The reason.</param>
    /// <param name="until">Until when; null for unknown.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The node with its mark.</returns>
    public async Task<ClusterNode> MarkAsync(
        ClusterNode node,
        string label,
        string reason,
        DateTimeOffset? until,
        CancellationToken cancellationToken
    )
    {
        for (var conflicts = 0; ; conflicts++)
        {
            var theirs = conflicts == 0 ? null : await LabelAsync(node, label, cancellationToken).ConfigureAwait(false);
            var annotations = new Dictionary<string, string>();
            if (theirs is null)
                annotations[WellKnownNames.MaintenanceReason] = reason;
            if (theirs is null && until is { } time)
                annotations[WellKnownNames.MaintenanceUntil] = Hold.FormatTime(time);
            try
            {
                var after = await MarkAsync(
                        node,
                        new NodeApplyMeta(
                            node.Name,
                            node.Uid,
                            annotations,
                            new Dictionary<string, string> { [label] = theirs ?? MaintenanceMark.LabelOf(reason) }
                        ),
                        cancellationToken
                    )
                    .ConfigureAwait(false);
                return node with
                {
                    Mark = MaintenanceMark.Read(
                        after?.Metadata?.Labels?.GetValueOrDefault(label),
                        after?.Metadata?.Annotations?.GetValueOrDefault(WellKnownNames.MaintenanceReason),
                        after?.Metadata?.Annotations?.GetValueOrDefault(WellKnownNames.MaintenanceUntil)
                    ),
                };
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict && conflicts < MostConflicts)
            {
                // Another manager has it with another value, or somebody wrote the node in between.
            }
        }
    }

    /// <summary>Takes our mark off a node.</summary>
    /// <returns>Who else has marked it (field managers), where somebody has; null when the mark is gone.</returns>
    public async Task<string?> UnmarkAsync(ClusterNode node, string label, CancellationToken cancellationToken)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                var after = await MarkAsync(node, new NodeApplyMeta(node.Name, node.Uid, null, null), cancellationToken)
                    .ConfigureAwait(false);
                return after?.Metadata is { } metadata && metadata.Labels?.ContainsKey(label) == true
                    ? string.Join(
                        ", ",
                        metadata.ManagedFields?.OfType<ManagedFields>().Where(f => f.OwnsLabel(label)).Select(f => f.Manager) ?? []
                    )
                    : null;
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict && conflicts < MostConflicts)
            {
                // Somebody wrote the node in between.
            }
        }
    }

    private Task<OwnedObject?> MarkAsync(ClusterNode node, NodeApplyMeta metadata, CancellationToken cancellationToken) =>
        ApplyMetaAsync(node, MarkManager, metadata, cancellationToken);

    // Labels and annotations that are no hold.
    private Task<OwnedObject?> ApplyMetaAsync(
        ClusterNode node,
        string manager,
        NodeApplyMeta metadata,
        CancellationToken cancellationToken
    ) =>
        writes.RunAsync(
            node.Name,
            () =>
                rights.NeedAsync(
                    PatchRight,
                    () =>
                        client.WriteNodeAsync(
                            $"api/v1/nodes/{node.Name}?{manager}",
                            ApiClient.Body(new NodeApply("v1", "Node", metadata, null), ApiJson.Default.NodeApply, Apply),
                            cancellationToken,
                            cancellationToken
                        ),
                    cancellationToken
                ),
            cancellationToken
        );

    // The value that somebody else has given it.
    private async Task<string?> LabelAsync(ClusterNode node, string label, CancellationToken cancellationToken)
    {
        var metadata = await OwnedAsync(node, cancellationToken).ConfigureAwait(false);
        // A Node that was never applied to tells no owners; its label is not ours.
        var owners = metadata?.ManagedFields?.OfType<ManagedFields>().Where(f => f.OwnsLabel(label)).Select(f => f.Manager).ToList();
        return owners is [WellKnownNames.MaintenanceManager] ? null : metadata?.Labels?.GetValueOrDefault(label);
    }
}
