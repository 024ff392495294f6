using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

// What kubelets say of their nodes, read node by node: of a large cluster, few are being returned at a time.
public sealed partial class KubernetesCluster : IHeartbeats
{
    // kubernetes.io/docs/concepts/architecture/leases: each node's Lease is in this namespace, and has the node's name.
    private const string LeaseNamespace = "kube-node-lease";

    private bool toldOfLeases;

    /// <inheritdoc/>
    public async Task<NodeHeartbeat?> HeartbeatAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        // First the Lease: a kubelet that starts between the two requests is seen by the status.
        var lease = await LeaseAsync(node, cancellationToken).ConfigureAwait(false);
        var found = await client
            .ReadHeartbeatAsync(
                $"api/v1/nodes?fieldSelector=metadata.name%3D{node.Name}",
                ApiJson.Default.KubeletNodeList,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (found?.Items?.FirstOrDefault(item => item?.Metadata?.Uid == node.Uid) is not { } item)
            return null;
        var ready = item.Status?.Conditions?.FirstOrDefault(c => c?.Type == "Ready");
        return new NodeHeartbeat(
            ready?.Status == "True",
            ready?.LastHeartbeatTime,
            lease,
            (item.Status?.Allocatable ?? [])
                .Where(resource => resource.Value is { Length: > 0 } and not "0")
                .Select(resource => resource.Key)
                .ToHashSet(StringComparer.Ordinal),
            Hold.Read(item.Metadata!.Annotations)
        );
    }

    // Null where kubelet has none, and where it may not be read: then the status alone has to tell.
    private async Task<string?> LeaseAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        try
        {
            var lease = await client
                .ReadHeartbeatAsync(
                    $"apis/coordination.k8s.io/v1/namespaces/{LeaseNamespace}/leases/{node.Name}",
                    ApiJson.Default.LeaseObject,
                    cancellationToken
                )
                .ConfigureAwait(false);
            return lease?.Spec?.RenewTime;
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
        {
            return null;
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
        {
            if (!Interlocked.Exchange(ref toldOfLeases, true))
                logger.LeasesNotRead(e.Message);
            return null;
        }
    }
}
