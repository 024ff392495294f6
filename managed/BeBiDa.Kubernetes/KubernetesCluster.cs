using System.Globalization;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Holds;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>The Kubernetes API as hand-overs see it.</summary>
public sealed class KubernetesCluster : ICluster, IAsyncDisposable
{
    // The media type of Server-Side Apply; its YAML may be JSON (kubernetes.io/docs/reference/using-api/server-side-apply).
    private const string Apply = "application/apply-patch+yaml";

    // kubelet's and the node controller's Events on Nodes stand in this namespace too: Nodes have none.
    private const string EventNamespace = "default";

    private readonly ApiClient client;
    private readonly NodeWatch nodes;
    private readonly PodQueries pods;
    private readonly string host = Environment.MachineName;

    private KubernetesCluster(ApiClient client, NodeWatch nodes)
    {
        this.client = client;
        this.nodes = nodes;
        pods = new PodQueries(client);
    }

    /// <summary>Reads the kubeconfig and starts to follow the cluster's nodes in the background.</summary>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="allowExec">Whether the kubeconfig's credential plugin may be run (not inside slurmctld).</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <exception cref="ConfigurationException">The kubeconfig cannot be used.</exception>
    public static KubernetesCluster Connect(BebidaConfiguration configuration, bool allowExec, TimeProvider time, ILogger logger)
    {
        var path = configuration.Kubernetes.Kubeconfig;
        var kubeconfig = Kubeconfig.Load(path, configuration.Kubernetes.Context, allowExec);
        ApiClient client;
        try
        {
            client = new ApiClient(kubeconfig, configuration.Kubernetes.MaxInFlight, configuration.Kubernetes.RequestTimeout, time);
        }
        catch (Exception e) when (e is k8s.Exceptions.KubeConfigException or System.Security.Cryptography.CryptographicException or IOException or FormatException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: the kubeconfig cannot be used: {e.Message}");
        }
        return new KubernetesCluster(client, new NodeWatch(client, configuration.Nodes.Label, time, logger));
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => client.Address;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await nodes.DisposeAsync().ConfigureAwait(false);
        client.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask<NodeDirectory> NodesAsync(CancellationToken cancellationToken) => nodes.DirectoryAsync(cancellationToken);

    /// <inheritdoc/>
    public Task HoldAsync(ClusterNode node, HoldKey hold, DateTimeOffset since, CancellationToken cancellationToken) =>
        ApplyAsync(
            node,
            hold,
            new NodeApplyMeta(
                node.Name,
                node.Uid,
                new Dictionary<string, string> { [hold.Annotation] = Hold.FormatTime(since) },
                new Dictionary<string, string> { [WellKnownNames.OwnerLabel] = WellKnownNames.OwnerSlurm }),
            new NodeApplySpec(true),
            cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Hold>> ReleaseAsync(ClusterNode node, HoldKey hold, CancellationToken cancellationToken)
    {
        var after = await ApplyAsync(node, hold, new NodeApplyMeta(node.Name, node.Uid, null, null), null, cancellationToken).ConfigureAwait(false);
        return Hold.Read(after?.Metadata?.Annotations);
    }

    /// <inheritdoc/>
    public Task<PodList> ListPodsAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken) => pods.ListAsync(nodes, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PodChange> WatchPodsAsync(IReadOnlyCollection<ClusterNode> nodes, string resourceVersion, CancellationToken cancellationToken) => pods.WatchAsync(nodes, resourceVersion, cancellationToken);

    /// <inheritdoc/>
    public async Task<EvictionAnswer> EvictAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken)
    {
        var eviction = new EvictionObject("policy/v1", "Eviction", new ObjectName(pod.Name, pod.Namespace), Options(pod, gracePeriod));
        try
        {
            await client.EvictAsync($"{PathOf(pod)}/eviction", ApiClient.Body(eviction, ApiJson.Default.EvictionObject), cancellationToken).ConfigureAwait(false);
            return EvictionAnswer.Accepted;
        }
        catch (ClusterException e) when (e.Fault is ClusterFault.NotFound or ClusterFault.Conflict)
        {
            // Conflict: the uid is another's, so our pod is gone and a new one has its name.
            return EvictionAnswer.Gone;
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.Blocked || e.Message.Contains("more than one PodDisruptionBudget", StringComparison.Ordinal))
        {
            // Two budgets on one pod are answered with 500, and will be until one is deleted
            // (kubernetes.io/docs/concepts/scheduling-eviction/api-eviction).
            return EvictionAnswer.Blocked;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken) =>
        client.SendAsync<StatusObject>(HttpMethod.Delete, PathOf(pod), ApiClient.Body(Options(pod, gracePeriod), ApiJson.Default.DeleteOptions), ApiClient.Metadata, null, cancellationToken);

    /// <inheritdoc/>
    public Task RecordAsync(NodeEvent nodeEvent, CancellationToken cancellationToken)
    {
        var time = nodeEvent.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var body = new EventObject(
            "v1",
            "Event",
            new EventMeta($"{nodeEvent.Node.Name}.", EventNamespace),
            // kubelet gives a Node's name as its uid in Events, and every kubectl describe looks for that.
            new ObjectReference("v1", "Node", nodeEvent.Node.Name, nodeEvent.Node.Name),
            nodeEvent.Reason,
            nodeEvent.Message,
            new EventSource("bebida", host),
            time,
            time,
            1,
            nodeEvent.Warning ? "Warning" : "Normal",
            "bebida",
            host);
        return client.SendAsync<StatusObject>(HttpMethod.Post, $"api/v1/namespaces/{EventNamespace}/events", ApiClient.Body(body, ApiJson.Default.EventObject), ApiClient.Metadata, null, cancellationToken);
    }

    /// <summary>What Kubernetes knows of its nodes now: holds, readiness, pods that would have to leave.</summary>
    /// <exception cref="ClusterException">It cannot be read.</exception>
    public async Task<IReadOnlyList<NodeStatus>> ReadStatusAsync(CancellationToken cancellationToken)
    {
        var reading = client.SendAsync(HttpMethod.Get, "api/v1/nodes", null, ApiClient.Json, ApiJson.Default.NodeObjectList, cancellationToken);
        var all = await pods.ListAllAsync(cancellationToken).ConfigureAwait(false);
        var podsByNode = all.Where(DrainRules.MustLeave).CountBy(p => p.Node).ToDictionary(StringComparer.Ordinal);
        return [.. ((await reading.ConfigureAwait(false))?.Items ?? [])
            .Where(node => node.Metadata is { Name: not null, Uid: not null })
            .Select(node => new NodeStatus(
                nodes.Node(node.Metadata)!,
                node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true,
                node.Spec?.Unschedulable == true,
                Hold.Read(node.Metadata!.Annotations),
                podsByNode.GetValueOrDefault(node.Metadata.Name!)))
            .OrderBy(status => status.Node.Name, StringComparer.Ordinal)];
    }

    private Task<PartialObject?> ApplyAsync(ClusterNode node, HoldKey hold, NodeApplyMeta metadata, NodeApplySpec? spec, CancellationToken cancellationToken) =>
        client.SendAsync(
            HttpMethod.Patch,
            $"api/v1/nodes/{node.Name}?fieldManager={Uri.EscapeDataString(hold.FieldManager)}&force=true",
            ApiClient.Body(new NodeApply("v1", "Node", metadata, spec), ApiJson.Default.NodeApply, Apply),
            ApiClient.Metadata,
            ApiJson.Default.PartialObject,
            cancellationToken);

    private static DeleteOptions Options(Pod pod, TimeSpan? gracePeriod) =>
        new("v1", "DeleteOptions", gracePeriod is { } grace ? (long)Math.Ceiling(grace.TotalSeconds) : null, new UidPrecondition(pod.Uid));

    private static string PathOf(Pod pod) => $"api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}";
}
