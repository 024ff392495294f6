using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>Lists and watches the pods of some nodes: a field selector a node for a few nodes, all pods filtered here for many.</summary>
internal sealed class PodQueries(ApiClient client)
{
    // The API server indexes its cache of pods by node, so a selector costs it little; but each is a request and a watch.
    private const int FewNodes = 8;
    private const int PageSize = 1000;

    public async Task<PodList> ListAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        var names = Names(nodes);
        var lists = await Task.WhenAll(Selectors(nodes).Select(selector => ListAsync(selector, names, cancellationToken))).ConfigureAwait(false);
        return new PodList([.. lists.SelectMany(l => l.Pods)], string.Join(',', lists.Select(l => l.ResourceVersion)));
    }

    public async IAsyncEnumerable<PodChange> WatchAsync(IReadOnlyCollection<ClusterNode> nodes, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = Names(nodes);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = Channel.CreateUnbounded<PodChange>(new UnboundedChannelOptions { SingleReader = true });
        var watches = Selectors(nodes).Zip(resourceVersion.Split(','), CopyAsync).ToList();
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // The first watch that ends, ends them all: the caller lists again.
        async Task CopyAsync(string selector, string from)
        {
            try
            {
                await foreach (var line in client.WatchAsync($"api/v1/pods?watch=1&timeoutSeconds=300&resourceVersion={from}{selector}", ApiClient.Json, ApiJson.Default.WatchLinePodObject, end.Token).ConfigureAwait(false))
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

    private async Task<PodList> ListAsync(string selector, HashSet<string>? names, CancellationToken cancellationToken)
    {
        var pods = new List<Pod>();
        var resourceVersion = "";
        // No resourceVersion: the answer must not be older than the holds, or a pod that was bound just before them is missed.
        await foreach (var page in ObjectLists.PagesAsync(client.Address, next => client.SendSparinglyAsync(HttpMethod.Get, $"api/v1/pods?limit={PageSize}{selector}{next}", null, ApiClient.Json, ApiJson.Default.PodObjectList, cancellationToken)).ConfigureAwait(false))
        {
            foreach (var item in page.Items ?? [])
                if (Pod(item) is { } pod && names?.Contains(pod.Node) != false)
                    pods.Add(pod);
            resourceVersion = page.Metadata!.ResourceVersion!;
        }
        return new PodList(pods, resourceVersion);
    }

    private static IEnumerable<string> Selectors(IReadOnlyCollection<ClusterNode> nodes) =>
        nodes.Count <= FewNodes ? nodes.Select(n => $"&fieldSelector=spec.nodeName%3D{Uri.EscapeDataString(n.Name)}") : [""];

    private static HashSet<string> Names(IReadOnlyCollection<ClusterNode> nodes) => nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);

    private static Pod? Pod(PodObject? pod)
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
            Mirror = metadata.Annotations?.Mirror is not null,
            HasEmptyDir = pod.Spec.Volumes?.Any(v => v?.EmptyDir is not null) == true,
            DeletionTimestamp = metadata.DeletionTimestamp,
        };
    }
}
