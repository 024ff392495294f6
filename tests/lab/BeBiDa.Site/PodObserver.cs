using k8s;
using k8s.Models;

namespace BeBiDa.Site;

/// <summary>A pod's time on a node: from when it was bound until it was gone from the API, or had ended.</summary>
public sealed record PodStay(string Name, string Node, DateTimeOffset Since)
{
    /// <summary>Until when; null while it is there.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>Follows, by a watch of its own, which pods were on which node when.</summary>
public sealed class PodObserver : IAsyncDisposable
{
    private readonly Kubernetes client;
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, PodStay> stays = [];
    private readonly Task following;

    public PodObserver(Kubernetes client)
    {
        this.client = client;
        following = Task.Run(FollowAsync);
    }

    /// <summary>Told of every pod that comes to a node, and that leaves one.</summary>
    public event Action<PodStay>? Changed;

    /// <summary>All stays on a node, or on all, in order.</summary>
    public IReadOnlyList<PodStay> Stays(string? node = null)
    {
        lock (stays)
            return [.. stays.Values.Where(s => node is null || s.Node == node).OrderBy(s => s.Since)];
    }

    /// <summary>The pods that were on a node at some moment within a time.</summary>
    public IReadOnlyList<PodStay> On(string node, DateTimeOffset from, DateTimeOffset to) =>
        [.. Stays(node).Where(s => s.Since < to && (s.Until is null || s.Until > from))];

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task FollowAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var list = await client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: stop.Token);
                var there = list.Items.Select(p => p.Uid()).ToHashSet();
                foreach (var gone in Open().Where(uid => !there.Contains(uid)))
                    End(gone);
                foreach (var pod in list.Items)
                    See(pod);
                await foreach (
                    var (type, pod) in client.CoreV1.WatchListPodForAllNamespacesAsync(
                        resourceVersion: list.Metadata.ResourceVersion,
                        cancellationToken: stop.Token
                    )
                )
                    if (type == WatchEventType.Deleted)
                        End(pod.Uid());
                    else if (type is WatchEventType.Added or WatchEventType.Modified)
                        See(pod);
            }
            catch (Exception e)
                when (e is HttpRequestException or IOException or k8s.Autorest.HttpOperationException or KubernetesException)
            {
                await Task.Delay(100, stop.Token);
            }
        }
    }

    private List<string> Open()
    {
        lock (stays)
            return [.. stays.Where(s => s.Value.Until is null).Select(s => s.Key)];
    }

    private void See(V1Pod pod)
    {
        if (pod.Spec.NodeName is not { Length: > 0 } node)
            return;
        PodStay? come = null;
        lock (stays)
            if (!stays.ContainsKey(pod.Uid()))
                stays[pod.Uid()] = come = new PodStay(pod.Name(), node, DateTimeOffset.UtcNow);
        if (come is not null)
            Changed?.Invoke(come);
        if (pod.Status?.Phase is "Succeeded" or "Failed")
            End(pod.Uid());
    }

    private void End(string uid)
    {
        PodStay? ended = null;
        lock (stays)
            if (stays.TryGetValue(uid, out var stay) && stay.Until is null)
                stays[uid] = ended = stay with { Until = DateTimeOffset.UtcNow };
        if (ended is not null)
            Changed?.Invoke(ended);
    }
}
