using System.Runtime.CompilerServices;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>Keeps the names and uids of all nodes: one list of metadata only, then one watch.</summary>
internal sealed class NodeInformer : IAsyncDisposable
{
    private const int PageSize = 1000;

    private readonly ApiClient client;
    private readonly string slurmNameLabel;
    private readonly string maintenanceLabel;
    private readonly ILogger logger;
    private readonly NodeDirectory directory = new();
    private readonly Dictionary<string, NodeOwners> broken = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<NodeDirectory> listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stop = new();
    private readonly Task following;
    private bool isFailing;

    /// <summary>Starts to list and watch.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="names">The labels that matter.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public NodeInformer(ApiClient client, NodesConfiguration names, TimeProvider time, ILogger logger)
    {
        this.client = client;
        slurmNameLabel = names.Label;
        maintenanceLabel = names.MaintenanceLabel;
        this.logger = logger;
        var loop = new ListWatch(ListAsync, WatchAsync, Failed, resumes: true, time);
        following = Task.Run(() => loop.RunAsync(null, stop.Token));
    }

    /// <summary>Raised when a node has been added.</summary>
    public event Action? Added;

    /// <summary>Raised when a node's mark for maintenance has changed.</summary>
    public event Action? Marked;

    /// <summary>Raised when somebody else has done something to a node's holds.</summary>
    public event Action<ClusterNode>? HoldBroken;

    /// <summary>How many nodes are known.</summary>
    public int Count => directory.Count;

    /// <summary>The nodes, once they have been listed.</summary>
    public ValueTask<NodeDirectory> DirectoryAsync(CancellationToken cancellationToken) =>
        listed.Task.IsCompleted ? ValueTask.FromResult(directory) : new ValueTask<NodeDirectory>(listed.Task.WaitAsync(cancellationToken));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async IAsyncEnumerable<string> WatchAsync(string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lines = client.WatchAsync(
            RequestKind.Other,
            $"api/v1/nodes?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={resourceVersion}",
            ApiClient.Metadata,
            ApiJson.Default.WatchLineListedNode,
            cancellationToken
        );
        await foreach (var line in lines.ConfigureAwait(false))
        {
            if (line.Object?.Metadata is not { } metadata)
                continue;
            if (line.Type == "DELETED" && metadata is { Name: { } name, Uid: { } uid })
            {
                directory.Remove(name);
                broken.Remove(uid);
            }
            else if (line.Type is "ADDED" or "MODIFIED" && Node(metadata) is { } node)
            {
                Put(node);
                Tell(node, metadata.Owners);
            }
            if (line.Type == "ADDED")
                Added?.Invoke();
            resourceVersion = metadata.ResourceVersion ?? resourceVersion;
            yield return resourceVersion;
        }
    }

    private void Failed(Exception e)
    {
        if (!isFailing)
            logger.NodesNotWatched(e is ClusterException ? e.Message : e.ToString().ReplaceLineEndings(" "));
        isFailing = true;
    }

    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var nodes = new List<ClusterNode>();
        var resourceVersion = "";
        await foreach (
            var page in ObjectLists
                .PagesAsync(
                    client.Address,
                    next =>
                        client.SendAsync(
                            HttpMethod.Get,
                            $"api/v1/nodes?limit={PageSize}{next}",
                            null,
                            ApiClient.MetadataList,
                            ApiJson.Default.ListedNodeList,
                            cancellationToken
                        )
                )
                .ConfigureAwait(false)
        )
        {
            foreach (var item in page.Items ?? [])
                if (Node(item?.Metadata) is { } node)
                {
                    nodes.Add(node);
                    Tell(node, item!.Metadata!.Owners);
                }
            resourceVersion = page.Metadata!.ResourceVersion!;
        }
        // No watch reports the nodes that were added while there was none.
        var isAnyNew = listed.Task.IsCompleted && nodes.Any(node => directory.ByName(node.Name)?.Uid != node.Uid);
        directory.Replace(nodes);
        foreach (var gone in broken.Keys.Except(nodes.Select(node => node.Uid)).ToList())
            broken.Remove(gone);
        listed.TrySetResult(directory);
        if (isAnyNew)
            Added?.Invoke();
        if (isFailing)
            logger.NodesListedAgain(client.Address, nodes.Count);
        else
            logger.NodesListed(nodes.Count, client.Address);
        isFailing = false;
        return resourceVersion;
    }

    private void Put(ClusterNode node)
    {
        var before = directory.ByName(node.Name)?.Mark;
        directory.Put(node);
        if (node.Mark != before)
            Marked?.Invoke();
    }

    private void Tell(ClusterNode node, NodeOwners owners)
    {
        var before = broken.GetValueOrDefault(node.Uid);
        if (owners == default)
            broken.Remove(node.Uid);
        else
            broken[node.Uid] = owners;
        if (owners.IsWorseThan(before))
            HoldBroken?.Invoke(node);
    }

    /// <summary>A node from its metadata; null if they are incomplete.</summary>
    public ClusterNode? Node(ObjectMeta? metadata) =>
        Node(
            metadata?.Name,
            metadata?.Uid,
            metadata?.Labels,
            metadata?.Annotations?.GetValueOrDefault(WellKnownNames.MaintenanceReason),
            metadata?.Annotations?.GetValueOrDefault(WellKnownNames.MaintenanceUntil)
        );

    private ClusterNode? Node(ListedNodeMeta? metadata) =>
        Node(metadata?.Name, metadata?.Uid, metadata?.Labels, metadata?.Annotations?.Reason, metadata?.Annotations?.Until);

    private ClusterNode? Node(string? name, string? uid, Dictionary<string, string>? labels, string? reason, string? until)
    {
        return name is not null && uid is not null
            ? new ClusterNode(name, uid, Label(slurmNameLabel), MaintenanceMark.Read(Label(maintenanceLabel), reason, until))
            : null;

        string? Label(string key) => key.Length > 0 ? labels?.GetValueOrDefault(key) : null;
    }
}
