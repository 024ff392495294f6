using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>Lists and watches the pods of some nodes: a field selector a node, or all pods filtered here for a large part of the cluster.</summary>
/// <param name="client">The API server.</param>
/// <param name="rights">Tells a missing right from other refusals.</param>
/// <param name="clusterNodes">How many nodes the cluster has.</param>
internal sealed class PodQueries(ApiClient client, NeededRights rights, Func<int> clusterNodes)
{
    // The API server indexes its cache of pods by node, so a selector costs it little; but each is a request and a watch.
    // All pods of a large cluster are far more than those of a job's nodes, and many jobs begin at once.
    private const int FewNodes = 8;
    private const int LargePart = 8;
    private const int PageSize = 1000;

    private const int MostRetries = 2;

    private static readonly ResourceAttributes ListRight = new(null, "list", "pods", null);

    private int watches;

    /// <summary>The pods on these nodes; its resourceVersion is one for each node, separated by commas, or one for all.</summary>
    public async Task<PodList> ListAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        var names = Names(nodes);
        var selectors = nodes.Count > FewNodes && nodes.Count > clusterNodes() / LargePart ? [""] : nodes.Select(Selector).ToList();
        if (selectors.Count == 1)
            return await ListAsync(selectors[0], names, cancellationToken).ConfigureAwait(false);
        if (selectors.Count <= RequestLimits.OpenPodWatchesOfAJob)
        {
            var lists = await Task.WhenAll(selectors.Select(selector => ListOneOfManyAsync(selector, names, cancellationToken)))
                .ConfigureAwait(false);
            return new PodList([.. lists.SelectMany(l => l.Pods)], string.Join(',', lists.Select(l => l.ResourceVersion)));
        }
        // One watch goes on from the first list's moment. So it is read before the others: none of them is older.
        var first = await ListAsync(selectors[0], names, cancellationToken).ConfigureAwait(false);
        var others = await Task.WhenAll(selectors.Skip(1).Select(selector => ListOneOfManyAsync(selector, names, cancellationToken)))
            .ConfigureAwait(false);
        return new PodList([.. first.Pods, .. others.SelectMany(l => l.Pods)], first.ResourceVersion);
    }

    /// <summary>What changes after a list.</summary>
    /// <exception cref="ClusterException">As a watch; <see cref="ClusterFault.Throttled"/> when too many are open.</exception>
    public async IAsyncEnumerable<PodChange> WatchAsync(
        IReadOnlyCollection<ClusterNode> nodes,
        string resourceVersion,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var names = Names(nodes);
        var moments = resourceVersion.Split(',');
        var selectors = moments.Length == nodes.Count ? nodes.Select(Selector).ToList() : [""];
        // All of a job's watches or none: two jobs that have some each would wait for each other.
        if (Interlocked.Add(ref watches, selectors.Count) > RequestLimits.OpenPodWatches)
        {
            Interlocked.Add(ref watches, -selectors.Count);
            throw new ClusterException(
                ClusterFault.Throttled,
                $"watch not opened: {RequestLimits.OpenPodWatches} watches of pods are open already"
            );
        }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = Channel.CreateUnbounded<PodChange>(new UnboundedChannelOptions { SingleReader = true });
        var copies = selectors.Zip(moments, CopyAsync).ToList();
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(copies).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Add(ref watches, -selectors.Count);
        }

        // The first watch that ends, ends all: the caller lists again.
        async Task CopyAsync(string selector, string from)
        {
            try
            {
                await foreach (
                    var line in client
                        .WatchAsync(
                            RequestKind.PodWatch,
                            $"api/v1/pods?watch=1&timeoutSeconds=300&resourceVersion={from}{selector}",
                            ApiClient.Json,
                            ApiJson.Default.WatchLinePodObject,
                            end.Token
                        )
                        .ConfigureAwait(false)
                )
                    if (line.Type is "ADDED" or "MODIFIED" or "DELETED" && Pod(line.Object) is { } pod && names.Contains(pod.Node))
                        changes.Writer.TryWrite(new PodChange(pod, line.Type == "DELETED"));
                changes.Writer.TryComplete();
            }
            catch (Exception e)
            {
                changes.Writer.TryComplete(e);
            }
        }
    }

    /// <summary>All pods that are bound to a node.</summary>
    public async Task<IReadOnlyList<Pod>> ListAllAsync(CancellationToken cancellationToken) =>
        (await ListAsync("", null, cancellationToken).ConfigureAwait(false)).Pods;

    // If one fails, all the others would be asked for again; and of a hundred some fail at a server that sheds load.
    private async Task<PodList> ListOneOfManyAsync(string selector, HashSet<string> names, CancellationToken cancellationToken)
    {
        var pauses = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));
        for (var retries = 0; ; retries++)
        {
            TimeSpan pause;
            try
            {
                return await ListAsync(selector, names, cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException e) when (e.IsTransient && retries < MostRetries)
            {
                pause = e.RetryAfter ?? pauses.Next();
            }
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<PodList> ListAsync(string selector, HashSet<string>? names, CancellationToken cancellationToken)
    {
        var pods = new List<Pod>();
        var resourceVersion = "";
        // No resourceVersion: an answer from before the holds would miss a pod that was bound just before them.
        await foreach (
            var page in ObjectLists
                .PagesAsync(
                    client.Address,
                    next =>
                        rights.NeedAsync(
                            ListRight,
                            () => client.ListPodsAsync($"api/v1/pods?limit={PageSize}{selector}{next}", cancellationToken),
                            cancellationToken
                        )
                )
                .ConfigureAwait(false)
        )
        {
            foreach (var item in page.Items ?? [])
                if (Pod(item) is { } pod && names?.Contains(pod.Node) != false)
                    pods.Add(pod);
            resourceVersion = page.Metadata!.ResourceVersion!;
        }
        return new PodList(pods, resourceVersion);
    }

    private static string Selector(ClusterNode node) => $"&fieldSelector=spec.nodeName%3D{Uri.EscapeDataString(node.Name)}";

    private static HashSet<string> Names(IReadOnlyCollection<ClusterNode> nodes) =>
        nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);

    /// <summary>A pod that is bound to a node; null for another.</summary>
    public static Pod? Pod(PodObject? pod)
    {
        if (pod is not { Metadata: { Name: { } name, Namespace: { } ns, Uid: { } uid } metadata, Spec.NodeName: { Length: > 0 } node })
            return null;
        var controller = metadata.OwnerReferences?.FirstOrDefault(o => o?.Controller == true);
        return new Pod
        {
            Namespace = ns,
            Name = name,
            Uid = uid,
            Node = node,
            Finished = pod.Status?.Phase is "Succeeded" or "Failed",
            OfDaemonSet = controller?.Kind == "DaemonSet",
            HasController = controller is not null,
            Controller = controller is null ? "" : $"{controller.Kind}/{controller.Name}",
            ControllerUid = controller?.Uid,
            OfStatefulSet = controller?.Kind == "StatefulSet",
            HasClaims = pod.Spec.Volumes?.Any(v => v?.PersistentVolumeClaim is not null || v?.Ephemeral is not null) == true,
            ToleratesUnschedulable = pod.Spec.Tolerations?.Any(t => t?.ToleratesUnschedulable == true) == true,
            Mirror = metadata.Annotations?.Mirror is not null,
            HasEmptyDir = pod.Spec.Volumes?.Any(v => v?.EmptyDir is not null) == true,
            DeletionTimestamp = metadata.DeletionTimestamp,
        };
    }
}
