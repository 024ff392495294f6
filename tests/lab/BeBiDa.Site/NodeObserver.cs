using k8s;
using k8s.Models;

namespace BeBiDa.Site;

/// <summary>When a node became schedulable in Kubernetes, or stopped being so.</summary>
public readonly record struct NodeMoment(DateTimeOffset Time, bool Schedulable);

/// <summary>Follows, by a watch of its own and none of BeBiDa's code, when each node was schedulable.</summary>
public sealed class NodeObserver : IAsyncDisposable
{
    private readonly Kubernetes client;
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, List<NodeMoment>> history = [];
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task following;

    public NodeObserver(Kubernetes client)
    {
        this.client = client;
        following = Task.Run(FollowAsync);
    }

    /// <summary>How often the watch had to begin anew: what happened in between was not seen.</summary>
    public int Gaps { get; private set; }

    /// <summary>Ends when the first state of all nodes is known.</summary>
    public Task StartedAsync() => started.Task;

    /// <summary>What a node went through.</summary>
    public IReadOnlyList<NodeMoment> HistoryOf(string node)
    {
        lock (history)
            return history.TryGetValue(node, out var moments) ? [.. moments] : [];
    }

    /// <summary>The moments within a time in which a node was schedulable: those at which it became so, and its beginning.</summary>
    public IReadOnlyList<DateTimeOffset> SchedulableWithin(string node, DateTimeOffset from, DateTimeOffset to)
    {
        var moments = HistoryOf(node);
        var before = moments.LastOrDefault(m => m.Time <= from);
        return
        [
            .. (before is { Schedulable: true } ? new[] { from } : []).Concat(
                moments.Where(m => m.Schedulable && m.Time > from && m.Time < to).Select(m => m.Time)
            ),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task FollowAsync()
    {
        var first = true;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var list = await client.CoreV1.ListNodeAsync(cancellationToken: stop.Token);
                foreach (var node in list.Items)
                    See(node);
                if (!first)
                    Gaps++;
                first = false;
                started.TrySetResult();
                await foreach (
                    var (type, node) in client.CoreV1.WatchListNodeAsync(
                        resourceVersion: list.Metadata.ResourceVersion,
                        cancellationToken: stop.Token
                    )
                )
                    if (type is WatchEventType.Added or WatchEventType.Modified)
                        See(node);
            }
            catch (Exception e)
                when (e is HttpRequestException or IOException or k8s.Autorest.HttpOperationException or KubernetesException)
            {
                await Task.Delay(100, stop.Token);
            }
        }
    }

    private void See(V1Node node)
    {
        var moment = new NodeMoment(DateTimeOffset.UtcNow, node.Spec?.Unschedulable != true);
        lock (history)
        {
            if (!history.TryGetValue(node.Metadata.Name, out var moments))
                history[node.Metadata.Name] = moments = [];
            if (moments.Count == 0 || moments[^1].Schedulable != moment.Schedulable)
                moments.Add(moment);
        }
    }
}
