using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Holds;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>The Kubernetes API, as hand-overs use it.</summary>
public sealed partial class KubernetesCluster : ICluster, ILedger, IAsyncDisposable
{
    // The media type of Server-Side Apply; its YAML may be JSON (kubernetes.io/docs/reference/using-api/server-side-apply).
    private const string Apply = "application/apply-patch+yaml";

    private const string MergePatch = "application/merge-patch+json";

    // Nodes have no namespace; kubelet and the node controller write their Events on Nodes to this one too.
    private const string EventNamespace = "default";

    // Nodes in one page; one is some 20 KB with its images.
    private const int NodePage = 250;

    private static readonly ResourceAttributes PatchRight = new(null, "patch", "nodes", null);

    private readonly ApiClient client;
    private readonly NodeInformer nodes;
    private readonly PodQueries pods;
    private readonly KeyedLock writes = new();
    private readonly NeededRights rights;
    private readonly PodTermination termination;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<(string Uid, string Manager), bool> toldCordons = new();
    private readonly string host = Environment.MachineName;

    private KubernetesCluster(ApiClient client, NodeInformer nodes, TimeProvider time, ILogger logger)
    {
        this.client = client;
        this.nodes = nodes;
        this.logger = logger;
        rights = new NeededRights(client);
        termination = new PodTermination(client, rights, time, logger);
        pods = new PodQueries(client, rights, () => nodes.Count);
    }

    /// <summary>Reads the kubeconfig and starts to watch the cluster's nodes in the background.</summary>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="allowExec">Whether the kubeconfig's credential plugin may be run (not inside slurmctld).</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="ConfigurationException">The kubeconfig cannot be used.</exception>
    public static KubernetesCluster Connect(BebidaConfiguration configuration, bool allowExec, TimeProvider time, ILogger logger)
    {
        var kubernetes = configuration.Kubernetes;
        var connections = new ConnectionSource(
            kubernetes.Kubeconfig,
            kubernetes.Context,
            allowExec,
            kubernetes.RequestTimeout,
            time,
            logger
        );
        var client = new ApiClient(connections, kubernetes.MaxInFlight, kubernetes.RequestTimeout, time, logger);
        return new KubernetesCluster(client, new NodeInformer(client, configuration.Nodes, time, logger), time, logger);
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => client.Address;

    /// <inheritdoc/>
    public TimeSpan AwayFor => client.AwayFor;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await nodes.DisposeAsync().ConfigureAwait(false);
        client.Dispose();
    }

    /// <summary>Raised when a node has been added. Runs on the informer's thread, so handlers must be quick.</summary>
    public event Action NodeAdded
    {
        add => nodes.Added += value;
        remove => nodes.Added -= value;
    }

    /// <summary>Raised when somebody has uncordoned a held node, or has removed a hold from it by hand. Likewise.</summary>
    public event Action<ClusterNode> HoldBroken
    {
        add => nodes.HoldBroken += value;
        remove => nodes.HoldBroken -= value;
    }

    /// <summary>Raised when a node's mark for maintenance has changed. Likewise.</summary>
    public event Action NodeMarked
    {
        add => nodes.Marked += value;
        remove => nodes.Marked -= value;
    }

    /// <inheritdoc/>
    public ValueTask<NodeDirectory> NodesAsync(CancellationToken cancellationToken) => nodes.DirectoryAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Hold>> HoldAsync(
        ClusterNode node,
        Hold hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    )
    {
        var after = await ApplyAsync(
                node,
                hold.Key,
                new NodeApplyMeta(
                    node.Name,
                    node.Uid,
                    new Dictionary<string, string> { [hold.Key.Annotation] = hold.Value },
                    new Dictionary<string, string> { [WellKnownNames.OwnerLabel] = WellKnownNames.OwnerSlurm }
                ),
                new NodeApplySpec(true),
                unsent,
                cancellationToken
            )
            .ConfigureAwait(false);
        return Hold.Read(after?.Metadata?.Annotations);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Hold>> ReleaseAsync(
        ClusterNode node,
        HoldKey hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    ) => ReleaseAsync(node, hold, null, cancellationToken, unsent);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Hold>> ReleaseUnchangedAsync(ClusterNode node, Hold hold, CancellationToken cancellationToken)
    {
        if (await OwnedAsync(node, cancellationToken).ConfigureAwait(false) is not { } metadata)
            return [];
        // As it is understood: a time may be written in several ways. Where only the annotation is gone, somebody has removed it.
        var found = Hold.Read(metadata.Annotations).FirstOrDefault(h => h.Key == hold.Key);
        return (found is null ? metadata.ManagedFields?.Any(f => f?.Manager == hold.Key.FieldManager) == true : found.Value == hold.Value)
            ? await ReleaseAsync(node, hold.Key, metadata.ResourceVersion, cancellationToken, default).ConfigureAwait(false)
            : Hold.Read(metadata.Annotations);
    }

    private async Task<IReadOnlyList<Hold>> ReleaseAsync(
        ClusterNode node,
        HoldKey hold,
        string? resourceVersion,
        CancellationToken cancellationToken,
        CancellationToken unsent
    )
    {
        var after = await ApplyAsync(
                node,
                hold,
                new NodeApplyMeta(node.Name, node.Uid, null, null, resourceVersion),
                null,
                unsent,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (
            after?.Metadata is not { Uid: not null, ResourceVersion: not null } metadata
            || HoldRemnant.Of(metadata, hold) is not { } remnant
        )
            return Hold.Read(after?.Metadata?.Annotations);
        await RemoveAsync(node, hold, metadata, remnant, cancellationToken).ConfigureAwait(false);
        return [.. Hold.Read(metadata.Annotations).Where(h => h.Key != hold)];
    }

    /// <inheritdoc/>
    public async Task<string?> RemoveAsync(ClusterNode node, string slurmCluster, CancellationToken cancellationToken)
    {
        if (await OwnedAsync(node, cancellationToken).ConfigureAwait(false) is not { } metadata)
            return null;
        if (
            Hold.Read(metadata.Annotations)
                .FirstOrDefault(h =>
                    h.Key.Cluster != slurmCluster || !(h.Key.IsJob || h.Key.Holder is Holders.Return or Holders.Planned or Holders.Policy)
                ) is
            { } other
        )
            return $"{other.Key.ForPeople} of cluster {other.Key.Cluster} holds it too";
        if (metadata.ManagedFields?.FirstOrDefault(f => f is { OwnsUnschedulable: true, IsOurs: false }) is { } admin)
            return $"someone else has cordoned it (field manager {admin.Manager})";
        // Only if it is unchanged: whoever has written to it since may want it.
        var options = new DeleteOptions("v1", "DeleteOptions", null, new Preconditions(node.Uid, metadata.ResourceVersion));
        await client
            .SendAsync<StatusObject>(
                HttpMethod.Delete,
                $"api/v1/nodes/{node.Name}",
                ApiClient.Body(options, ApiJson.Default.DeleteOptions),
                ApiClient.Metadata,
                null,
                cancellationToken
            )
            .ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc/>
    public Task<PodList> ListPodsAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken) =>
        pods.ListAsync(nodes, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PodChange> WatchPodsAsync(
        IReadOnlyCollection<ClusterNode> nodes,
        string resourceVersion,
        CancellationToken cancellationToken
    ) => pods.WatchAsync(nodes, resourceVersion, cancellationToken);

    /// <inheritdoc/>
    public Task EvictAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken) =>
        termination.EvictAsync(pod, gracePeriod, cancellationToken);

    /// <inheritdoc/>
    public Task MarkDisruptedAsync(Pod pod, CancellationToken cancellationToken) => termination.MarkDisruptedAsync(pod, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken) =>
        termination.DeleteAsync(pod, gracePeriod, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VolumesInUseAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        var found = await client
            .SendAsync(
                HttpMethod.Get,
                $"api/v1/nodes?fieldSelector=metadata.name%3D{node.Name}",
                null,
                ApiClient.Json,
                ApiJson.Default.NodeObjectList,
                cancellationToken
            )
            .ConfigureAwait(false);
        return [.. found?.Items?.FirstOrDefault(item => item?.Metadata?.Uid == node.Uid)?.Status?.VolumesInUse?.OfType<string>() ?? []];
    }

    /// <inheritdoc/>
    public Task RecordAsync(NodeEvent nodeEvent, CancellationToken cancellationToken)
    {
        var time = nodeEvent.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var body = new EventObject(
            "v1",
            "Event",
            new EventMeta($"{nodeEvent.Node.Name}.", EventNamespace, HandOverEvents.Annotations(nodeEvent)),
            // kubelet uses a Node's name as its uid in Events, and kubectl describe looks for that.
            new ObjectReference("v1", "Node", nodeEvent.Node.Name, nodeEvent.Node.Name),
            nodeEvent.Reason,
            nodeEvent.Message,
            new EventSource("bebida", host),
            time,
            time,
            1,
            nodeEvent.Warning ? "Warning" : "Normal",
            "bebida",
            host
        );
        return client.SendAsync<StatusObject>(
            HttpMethod.Post,
            $"api/v1/namespaces/{EventNamespace}/events",
            ApiClient.Body(body, ApiJson.Default.EventObject),
            ApiClient.Metadata,
            null,
            cancellationToken
        );
    }

    /// <inheritdoc/>
    /// <remarks>Whole Nodes are read, in pages: whether one is unschedulable is not among its metadata.</remarks>
    public async Task<IReadOnlyList<NodeLedger>> ReadAsync(CancellationToken cancellationToken)
    {
        var ledger = new List<NodeLedger>();
        await foreach (var node in ListNodesAsync("", cancellationToken).ConfigureAwait(false))
            if (nodes.Node(node.Metadata) is { } known)
                ledger.Add(new NodeLedger(known, node.Spec?.Unschedulable == true, Hold.Read(node.Metadata!.Annotations)));
        return ledger;
    }

    // By pages, and only those that a query selects.
    private async IAsyncEnumerable<NodeObject> ListNodesAsync(string query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (
            var page in ObjectLists
                .PagesAsync(
                    Address,
                    next =>
                        client.SendAsync(
                            HttpMethod.Get,
                            $"api/v1/nodes?limit={NodePage}{query}{next}",
                            null,
                            ApiClient.Json,
                            ApiJson.Default.NodeObjectList,
                            cancellationToken
                        )
                )
                .ConfigureAwait(false)
        )
        foreach (var node in page.Items ?? [])
            if (node is not null)
                yield return node;
    }

    /// <summary>The state of all nodes in Kubernetes: holds, readiness, pods that a hand-over would evict.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    public async Task<IReadOnlyList<NodeStatus>> ReadStatusAsync(CancellationToken cancellationToken)
    {
        var reading = client.SendAsync(
            HttpMethod.Get,
            "api/v1/nodes",
            null,
            ApiClient.Json,
            ApiJson.Default.NodeObjectList,
            cancellationToken
        );
        var all = await pods.ListAllAsync(cancellationToken).ConfigureAwait(false);
        var leaving = all.Where(DrainRules.MustLeave).ToList();
        var podsByNode = leaving.CountBy(p => p.Node).ToDictionary(StringComparer.Ordinal);
        var toleratingByNode = leaving.Where(p => p.ToleratesUnschedulable).CountBy(p => p.Node).ToDictionary(StringComparer.Ordinal);
        return
        [
            .. ((await reading.ConfigureAwait(false))?.Items ?? [])
                .OfType<NodeObject>()
                .Where(node => node.Metadata is { Name: not null, Uid: not null })
                .Select(node => new NodeStatus(
                    nodes.Node(node.Metadata)!,
                    node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true,
                    node.Spec?.Unschedulable == true,
                    Hold.Read(node.Metadata!.Annotations),
                    podsByNode.GetValueOrDefault(node.Metadata.Name!),
                    toleratingByNode.GetValueOrDefault(node.Metadata.Name!)
                ))
                .OrderBy(status => status.Node.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The hand-overs of which Kubernetes still has Events (the last hour's by default), in no order.</summary>
    /// <exception cref="ClusterException">They cannot be read; the rights that a hand-over needs do not include this.</exception>
    public Task<IReadOnlyList<HandOverEvent>> ReadHandOversAsync(CancellationToken cancellationToken) =>
        HandOverEvents.ReadAsync(client, EventNamespace, cancellationToken);

    // Who owns what of a node; null when it is gone, or another one of its name.
    private async Task<OwnedMeta?> OwnedAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        var found = await client
            .SendAsync(
                HttpMethod.Get,
                $"api/v1/nodes?fieldSelector=metadata.name%3D{node.Name}",
                null,
                ApiClient.MetadataList,
                ApiJson.Default.OwnedObjectList,
                cancellationToken
            )
            .ConfigureAwait(false);
        return found?.Items?.FirstOrDefault(item => item?.Metadata?.Uid == node.Uid)?.Metadata;
    }

    // Server-Side Apply cannot remove what another manager owns. The patch is for the version that showed no other hold: if the
    // node has been held since, it conflicts, and the release is tried again.
    private async Task RemoveAsync(
        ClusterNode node,
        HoldKey hold,
        OwnedMeta metadata,
        HoldRemnant remnant,
        CancellationToken cancellationToken
    )
    {
        await client
            .WriteNodeAsync(
                $"api/v1/nodes/{node.Name}?fieldManager=bebida",
                ApiClient.Body(remnant.Removal(metadata, hold), MergePatchJson.Default.NodeMergePatch, MergePatch),
                cancellationToken,
                cancellationToken
            )
            .ConfigureAwait(false);
        logger.CopiedHoldRemoved(hold.Job, node.Name);
        if (remnant.CordonedBy is { } manager && toldCordons.TryAdd((node.Uid, manager), true))
            logger.StaysUnschedulable(node.Name, manager);
    }

    // Concurrent applies to a node conflict: the server retries five times, then returns 409. So we serialize writes per node.
    private async Task<OwnedObject?> ApplyAsync(
        ClusterNode node,
        HoldKey hold,
        NodeApplyMeta metadata,
        NodeApplySpec? spec,
        CancellationToken unsent,
        CancellationToken cancellationToken
    )
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, unsent);
        return await writes
            .RunAsync(
                node.Name,
                () =>
                    rights.NeedAsync(
                        PatchRight,
                        () =>
                            client.WriteNodeAsync(
                                $"api/v1/nodes/{node.Name}?fieldManager={Uri.EscapeDataString(hold.FieldManager)}&force=true",
                                ApiClient.Body(new NodeApply("v1", "Node", metadata, spec), ApiJson.Default.NodeApply, Apply),
                                waiting.Token,
                                cancellationToken
                            ),
                        cancellationToken
                    ),
                waiting.Token
            )
            .ConfigureAwait(false);
    }
}
