using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Scheduling;

/// <summary>
/// Binds pods to nodes: never to one that it knows to be cordoned, tainted, not ready or full, and of the others
/// to the least loaded.
/// </summary>
public sealed class HollowScheduler : IAsyncDisposable
{
    private const string Name = "default-scheduler";

    private readonly ApiClient _api;
    private readonly Informer<V1Pod> _pods;
    private readonly ILogger _log;
    private readonly WorkQueue _work;
    private readonly Dictionary<string, NodeLoad> _nodes = [];
    private readonly Dictionary<string, NodeLoad> _places = [];
    private readonly HashSet<string> _waiting = [];
    private readonly Lock _lock = new();

    internal HollowScheduler(ApiClient api, Informer<V1Pod> pods, Informer<V1Node> nodes, ILogger log)
    {
        (_api, _pods, _log) = (api, pods, log);
        _work = new WorkQueue("scheduler", ScheduleAsync, log);
        pods.Changed += OnPodChanged;
        nodes.Changed += OnNodeChanged;
    }

    public void Start() => _work.Start(16);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> ScheduleAsync(string key, CancellationToken cancellationToken)
    {
        if (_pods.Find(key) is not { } pod || !IsPending(pod))
            return null;

        NodeLoad? chosen;
        string reason;
        lock (_lock)
        {
            chosen = Choose(pod, out reason);
            if (chosen is null)
                _waiting.Add(key);
            else
                Place(pod, chosen);
        }

        if (chosen is null)
        {
            await ReportUnschedulableAsync(pod, reason, cancellationToken);
            return null;
        }

        try
        {
            await BindAsync(pod, chosen.Name, cancellationToken);
        }
        catch
        {
            lock (_lock)
                Unplace(pod);
            throw;
        }

        return null;
    }

    private NodeLoad? Choose(V1Pod pod, out string reason)
    {
        var requests = PodRequests.Of(pod.Spec);
        var owner = pod.Metadata.OwnerReferences?.FirstOrDefault(reference => reference.Controller == true)?.Uid;
        NodeLoad? best = null;
        var bestScore = (Siblings: int.MaxValue, Share: decimal.MaxValue);
        var refusals = new Dictionary<string, int>();
        foreach (var node in _nodes.Values)
        {
            if (node.Refuses(pod.Spec, requests) is { } refusal)
            {
                refusals[refusal] = refusals.GetValueOrDefault(refusal) + 1;
                continue;
            }

            var score = node.Score(owner);
            if (score.CompareTo(bestScore) < 0)
                (best, bestScore) = (node, score);
        }

        reason =
            $"0/{_nodes.Count} nodes are available: "
            + string.Join(", ", refusals.OrderBy(entry => entry.Key).Select(entry => $"{entry.Value} {entry.Key}"));
        return best;
    }

    private async Task BindAsync(V1Pod pod, string node, CancellationToken cancellationToken)
    {
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            Metadata = new V1ObjectMeta
            {
                Name = pod.Metadata.Name,
                NamespaceProperty = pod.Metadata.NamespaceProperty,
                Uid = pod.Metadata.Uid,
            },
            Target = new V1ObjectReference
            {
                ApiVersion = "v1",
                Kind = "Node",
                Name = node,
            },
        };
        await _api.CreateAsync<object>(Resources.Pods.Of(pod, "binding"), binding, cancellationToken);
        _log.LogDebug("{Pod} bound to {Node}", Informer<V1Pod>.KeyOf(pod), node);
    }

    private async Task ReportUnschedulableAsync(V1Pod pod, string reason, CancellationToken cancellationToken)
    {
        var known = pod.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "PodScheduled");
        if (known is { Status: "False" } && known.Message == reason)
            return;
        var condition = new V1PodCondition
        {
            Type = "PodScheduled",
            Status = "False",
            Reason = "Unschedulable",
            Message = reason,
            LastTransitionTime = known?.LastTransitionTime ?? DateTime.UtcNow,
        };
        try
        {
            await _api.StrategicMergeAsync<V1Pod>(
                Resources.Pods.Of(pod, "status"),
                new { metadata = new { uid = pod.Metadata.Uid }, status = new { conditions = new[] { condition } } },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsGone || e.IsConflict) { }
    }

    private static bool IsPending(V1Pod pod) =>
        string.IsNullOrEmpty(pod.Spec.NodeName)
        && pod.Metadata.DeletionTimestamp is null
        && !PodStatus.IsFinished(pod)
        && pod.Spec.SchedulerName is null or "" or Name
        && !(pod.Spec.SchedulingGates?.Count > 0);

    private void OnPodChanged(V1Pod? before, V1Pod? after)
    {
        var freed = false;
        lock (_lock)
        {
            if (after is null || PodStatus.IsFinished(after))
                freed = before is not null && Unplace(before);
            else if (after.Spec.NodeName is { Length: > 0 } node)
                Place(after, LoadOf(node));
            if (after is null)
                _waiting.Remove(Informer<V1Pod>.KeyOf(before!));
        }

        // A change of status alone (our own report of it, say) gives a waiting pod no new chance.
        if (
            after is not null
            && IsPending(after)
            && (before is null || before.Metadata.Generation != after.Metadata.Generation || !IsPending(before))
        )
            _work.Add(Informer<V1Pod>.KeyOf(after));
        if (freed)
            RetryWaiting();
    }

    private void OnNodeChanged(V1Node? before, V1Node? after)
    {
        lock (_lock)
        {
            LoadOf((after ?? before)!.Metadata.Name).Offer(after);
        }

        if (after is not null && (before is null || Offers(before) != Offers(after)))
            RetryWaiting();
    }

    private void RetryWaiting()
    {
        List<string> waiting;
        lock (_lock)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        // A moment together: a thousand nodes that come back are one reason to look again, not a thousand.
        foreach (var key in waiting)
            _work.AddAfter(key, TimeSpan.FromMilliseconds(20));
    }

    // Heartbeats change nodes all the time; only these parts decide whether a pod can come.
    private static string Offers(V1Node node) =>
        k8s.KubernetesJson.Serialize(
            new
            {
                node.Metadata.Labels,
                node.Spec?.Unschedulable,
                node.Spec?.Taints,
                node.Status?.Allocatable,
                Ready = NodeObject.IsReady(node),
            }
        );

    private void Place(V1Pod pod, NodeLoad node)
    {
        if (_places.TryGetValue(pod.Metadata.Uid, out var before) && before == node)
            return;
        before?.Remove(pod);
        node.Add(pod);
        _places[pod.Metadata.Uid] = node;
    }

    private bool Unplace(V1Pod pod) => _places.Remove(pod.Metadata.Uid, out var node) && node.Remove(pod);

    private NodeLoad LoadOf(string node)
    {
        if (!_nodes.TryGetValue(node, out var load))
            _nodes[node] = load = new NodeLoad(node);
        return load;
    }
}
