using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Tests;

/// <summary>A cluster in memory that does what the interface promises, and fails where a test says so.</summary>
internal sealed class FakeCluster(TimeProvider time) : ICluster
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Pod> pods = [];
    private readonly Dictionary<(string Node, string Hold), Hold> written = [];
    private readonly List<Channel<PodChange>> watches = [];

    public NodeDirectory Directory { get; } = new();

    public TimeSpan AwayFor { get; set; }

    /// <summary>What was asked, in order: "hold n1 c.7", "evict default/a", ...</summary>
    public List<string> Asked { get; } = [];

    /// <summary>Holds by node.</summary>
    public Dictionary<string, SortedSet<string>> Held { get; } = [];

    public List<NodeEvent> Events { get; } = [];

    /// <summary>Called before each request; what it throws is the answer, and what it returns is waited for.</summary>
    public Func<string, Task>? Before { get; set; }

    /// <summary>Called after each write that was done; what it throws is the answer.</summary>
    public Action<string>? After { get; set; }

    /// <summary>Called before each watch; what it throws is the answer.</summary>
    public Action? BeforeWatch { get; set; }

    /// <summary>Completed when the nodes have been listed; until then the cluster is out of reach.</summary>
    public TaskCompletionSource Listed { get; set; } = Completed();

    /// <summary>What an eviction does; what it throws is the answer. By default the pod is gone at once.</summary>
    public Action<Pod>? OnEvict { get; set; }

    /// <summary>What a disruption budget answers.</summary>
    public static ClusterException Blocked => new(ClusterFault.Blocked, "429 TooManyRequests");

    /// <summary>The volumes in use on a node; each look takes one answer, the last one stays.</summary>
    public Queue<string[]> VolumesInUse { get; } =
        new([
            [],
        ]);

    /// <summary>What a deletion does; by default the pod is gone at once.</summary>
    public Action<Pod, TimeSpan?>? OnDelete { get; set; }

    public FakeCluster WithNodes(params string[] names)
    {
        foreach (var name in names)
            Directory.Put(new ClusterNode(name, $"uid-{name}"));
        return this;
    }

    public Pod Add(Pod pod)
    {
        lock (gate)
        {
            pods[pod.Uid] = pod;
            Tell(new PodChange(pod, Gone: false));
        }
        return pod;
    }

    public void Remove(Pod pod)
    {
        lock (gate)
            if (pods.Remove(pod.Uid))
                Tell(new PodChange(pod, Gone: true));
    }

    public void BreakWatches(Exception? cause = null)
    {
        lock (gate)
        {
            foreach (var watch in watches)
                watch.Writer.TryComplete(cause);
            watches.Clear();
        }
    }

    /// <summary>Removes a pod without telling any watch.</summary>
    public void RemoveUnseen(Pod pod)
    {
        lock (gate)
            pods.Remove(pod.Uid);
    }

    public int Count(string prefix)
    {
        lock (gate)
            return Asked.Count(a => a.StartsWith(prefix, StringComparison.Ordinal));
    }

    public async ValueTask<NodeDirectory> NodesAsync(CancellationToken cancellationToken)
    {
        await Listed.Task.WaitAsync(cancellationToken);
        return Directory;
    }

    public async Task<IReadOnlyList<Hold>> HoldAsync(
        ClusterNode node,
        Hold hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    )
    {
        await AskAsync($"hold {node.Name} {hold.Key}", cancellationToken);
        lock (gate)
        {
            if (!Held.TryGetValue(node.Name, out var holds))
                Held[node.Name] = holds = [];
            holds.Add(hold.Key.ToString());
            written[(node.Name, hold.Key.ToString())] = hold;
        }
        After?.Invoke($"hold {node.Name} {hold.Key}");
        lock (gate)
        {
            return HoldsOf(node.Name, _ => null);
        }
    }

    /// <summary>A node's holds as they were written.</summary>
    public IReadOnlyList<Hold> HoldsOf(string node) => HoldsOf(node, name => written[(node, name)].Since);

    /// <summary>A node's holds.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="since">Since when each is there.</param>
    public IReadOnlyList<Hold> HoldsOf(string node, Func<string, DateTimeOffset?> since)
    {
        lock (gate)
            return
            [
                .. Held.GetValueOrDefault(node, [])
                    .Select(name => new Hold(
                        HoldKey.TryParseAnnotation(WellKnownNames.HoldAnnotationPrefix + name, out var key)
                            ? key
                            : throw new FormatException(name),
                        since(name),
                        written.GetValueOrDefault((node, name))?.Reason
                    )),
            ];
    }

    public async Task<IReadOnlyList<Hold>> ReleaseAsync(
        ClusterNode node,
        HoldKey hold,
        CancellationToken cancellationToken,
        CancellationToken unsent = default
    )
    {
        await AskAsync($"release {node.Name} {hold}", cancellationToken);
        lock (gate)
        {
            if (Held.TryGetValue(node.Name, out var holds) && holds.Remove(hold.ToString()) && holds.Count == 0)
                Held.Remove(node.Name);
        }
        After?.Invoke($"release {node.Name} {hold}");
        lock (gate)
        {
            return HoldsOf(node.Name, _ => null);
        }
    }

    public async Task<IReadOnlyList<Hold>> ReleaseUnchangedAsync(ClusterNode node, Hold hold, CancellationToken cancellationToken)
    {
        lock (gate)
            if (!HoldsOf(node.Name).Any(h => h.Key == hold.Key && h.Reason == hold.Reason))
                return HoldsOf(node.Name, _ => null);
        return await ReleaseAsync(node, hold.Key, cancellationToken);
    }

    /// <summary>Why a node stays though it is to be removed; null when it goes.</summary>
    public Func<ClusterNode, string?> KeptBy { get; set; } = _ => null;

    public async Task<string?> RemoveAsync(ClusterNode node, string slurmCluster, CancellationToken cancellationToken)
    {
        await AskAsync($"remove {node.Name} {slurmCluster}", cancellationToken);
        if (KeptBy(node) is { } reason)
            return reason;
        lock (gate)
            if (Directory.ByName(node.Name)?.Uid == node.Uid)
            {
                Held.Remove(node.Name);
                Directory.Remove(node.Name);
            }
        return null;
    }

    public async Task<PodList> ListPodsAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        await AskAsync("list", cancellationToken);
        lock (gate)
            return new PodList([.. pods.Values.Where(p => nodes.Any(n => n.Name == p.Node))], "1");
    }

    public async IAsyncEnumerable<PodChange> WatchPodsAsync(
        IReadOnlyCollection<ClusterNode> nodes,
        string resourceVersion,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var watch = Channel.CreateUnbounded<PodChange>();
        lock (gate)
        {
            Asked.Add("watch");
            BeforeWatch?.Invoke();
            watches.Add(watch);
            // What happened between the list and the watch comes first, as from a resourceVersion.
            foreach (var pod in pods.Values)
                watch.Writer.TryWrite(new PodChange(pod, Gone: false));
        }
        await foreach (var change in watch.Reader.ReadAllAsync(cancellationToken))
            if (nodes.Any(n => n.Name == change.Pod.Node))
                yield return change;
    }

    public async Task EvictAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken)
    {
        await AskAsync(
            $"evict {pod} grace {gracePeriod?.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "own"}",
            cancellationToken
        );
        if (OnEvict is { } evict)
            evict(pod);
        else
            Remove(pod);
    }

    public Task MarkDisruptedAsync(Pod pod, CancellationToken cancellationToken) => AskAsync($"mark {pod}", cancellationToken);

    public async Task<IReadOnlyList<string>> VolumesInUseAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        await AskAsync($"volumes {node.Name}", cancellationToken);
        lock (gate)
            return VolumesInUse.Count > 1 ? VolumesInUse.Dequeue() : VolumesInUse.Peek();
    }

    public async Task DeleteAsync(Pod pod, TimeSpan? gracePeriod, CancellationToken cancellationToken)
    {
        await AskAsync(
            $"delete {pod} grace {gracePeriod?.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "own"}",
            cancellationToken
        );
        if (OnDelete is { } delete)
            delete(pod, gracePeriod);
        else
            Remove(pod);
    }

    public Task RecordAsync(NodeEvent nodeEvent, CancellationToken cancellationToken)
    {
        lock (gate)
            Events.Add(nodeEvent);
        return Task.CompletedTask;
    }

    /// <summary>The pod as it is while it terminates.</summary>
    public void Terminate(Pod pod, TimeSpan grace) => Add(pod with { DeletionTimestamp = time.GetUtcNow() + grace });

    private async Task AskAsync(string what, CancellationToken cancellationToken)
    {
        lock (gate)
            Asked.Add(what);
        if (Before is { } before)
            await before(what).WaitAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Tell(PodChange change)
    {
        foreach (var watch in watches)
            watch.Writer.TryWrite(change);
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        source.SetResult();
        return source;
    }
}
