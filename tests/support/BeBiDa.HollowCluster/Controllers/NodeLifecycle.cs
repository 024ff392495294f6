using System.Diagnostics;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Hollow.Scheduling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// Marks nodes whose kubelet fell silent as Unknown, and keeps the taints that follow from a node's conditions and
/// from cordon (https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller).
/// </summary>
public sealed class NodeLifecycle : IAsyncDisposable
{
    private static readonly string[] s_keys = [Taints.NotReady, Taints.Unreachable, Taints.Unschedulable];

    private readonly ApiClient _api;
    private readonly Informer<V1Node> _nodes;
    private readonly Informer<V1Lease> _leases;
    private readonly Index<V1Pod> _podsByNode;
    private readonly TimeSpan _grace;
    private readonly ILogger _log;
    private readonly WorkQueue _taints;
    private readonly WorkQueue _silence;
    private readonly Dictionary<string, (DateTime? Sign, long Seen)> _heard = [];
    private readonly Lock _lock = new();

    internal NodeLifecycle(
        ApiClient api,
        Informer<V1Node> nodes,
        Informer<V1Lease> leases,
        Informer<V1Pod> pods,
        TimeSpan grace,
        ILogger log
    )
    {
        (_api, _nodes, _leases, _grace, _log) = (api, nodes, leases, grace, log);
        _podsByNode = new Index<V1Pod>(pods, pod => pod.Spec.NodeName);
        _taints = new WorkQueue("node taints", SyncTaintsAsync, log);
        _silence = new WorkQueue("node lifecycle", LookAsync, log);
        nodes.Changed += (_, after) =>
        {
            if (after is null)
                return;
            _taints.Add(after.Metadata.Name);
            _silence.Add(after.Metadata.Name);
        };
    }

    public void Start()
    {
        _taints.Start(8);
        _silence.Start(8);
    }

    public async ValueTask DisposeAsync()
    {
        await _taints.DisposeAsync();
        await _silence.DisposeAsync();
    }

    private async Task<TimeSpan?> LookAsync(string name, CancellationToken cancellationToken)
    {
        if (_nodes.Find(name) is not { } node)
        {
            lock (_lock)
                _heard.Remove(name);
            return null;
        }

        // By our own clock, from when a sign of life changed: the clocks of the nodes may differ.
        var silent = SilentFor(name, SignOfLife(node));
        if (silent < _grace)
            return _grace - silent;
        if (NodeObject.ReadyStatus(node) != "Unknown")
        {
            // An API server that is away silences every node; that says nothing about the nodes.
            if (!await CanBeHeardAsync(node, cancellationToken))
                return _grace / 4;
            _log.LogWarning("{Node} has been silent for {Silent:F1} s: its state is unknown", name, silent.TotalSeconds);
            await MarkUnknownAsync(node, cancellationToken);
        }

        return _grace / 4;
    }

    private async Task<bool> CanBeHeardAsync(V1Node node, CancellationToken cancellationToken)
    {
        try
        {
            var now = await _api.GetAsync<V1Lease>(Resources.Leases.At(NodeObject.LeaseNamespace, node.Metadata.Name), cancellationToken);
            return now.Spec.RenewTime == _leases.Find(NodeObject.LeaseNamespace, node.Metadata.Name)?.Spec.RenewTime;
        }
        catch (ApiException e) when (e.IsGone)
        {
            return true;
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
        {
            lock (_lock)
                _heard[node.Metadata.Name] = (SignOfLife(node), Stopwatch.GetTimestamp());
            return false;
        }
    }

    private async Task MarkUnknownAsync(V1Node node, CancellationToken cancellationToken)
    {
        var conditions = new[] { "MemoryPressure", "DiskPressure", "PIDPressure", "Ready" }.Select(type => new V1NodeCondition
        {
            Type = type,
            Status = "Unknown",
            Reason = "NodeStatusUnknown",
            Message = "Kubelet stopped posting node status.",
            LastTransitionTime = DateTime.UtcNow,
            LastHeartbeatTime = node.Status?.Conditions?.FirstOrDefault(known => known.Type == type)?.LastHeartbeatTime,
        });
        await _api.StrategicMergeAsync<V1Node>(
            Resources.Nodes.Of(node, "status"),
            new { status = new { conditions = conditions.ToArray() } },
            cancellationToken
        );

        foreach (var pod in _podsByNode[node.Metadata.Name].Where(PodStatus.IsReady))
        {
            var notReady = new V1PodCondition
            {
                Type = "Ready",
                Status = "False",
                LastTransitionTime = DateTime.UtcNow,
            };
            try
            {
                await _api.StrategicMergeAsync<V1Pod>(
                    Resources.Pods.Of(pod, "status"),
                    new { metadata = new { uid = pod.Metadata.Uid }, status = new { conditions = new[] { notReady } } },
                    cancellationToken
                );
            }
            catch (ApiException e) when (e.IsGone || e.IsConflict) { }
        }
    }

    private async Task<TimeSpan?> SyncTaintsAsync(string name, CancellationToken cancellationToken)
    {
        if (_nodes.Find(name) is not { } node)
            return null;

        // Nobody here evicts by NoExecute, so that effect is not set.
        var wanted = new List<string>();
        if (NodeObject.ReadyStatus(node) is var ready and not "True")
            wanted.Add(ready == "Unknown" ? Taints.Unreachable : Taints.NotReady);
        if (node.Spec?.Unschedulable == true)
            wanted.Add(Taints.Unschedulable);

        var known = node.Spec?.Taints ?? [];
        var kept = known.Where(taint => !s_keys.Contains(taint.Key) || wanted.Contains(taint.Key)).ToList();
        var added = wanted
            .Where(key => !kept.Any(other => other.Key == key))
            .Select(key => new V1Taint
            {
                Key = key,
                Effect = "NoSchedule",
                TimeAdded = DateTime.UtcNow,
            })
            .ToList();
        if (added.Count == 0 && kept.Count == known.Count)
            return null;

        await _api.MergeAsync<V1Node>(
            Resources.Nodes.Of(node),
            new
            {
                metadata = new { resourceVersion = node.Metadata.ResourceVersion },
                spec = new { taints = kept.Concat(added).ToArray() },
            },
            cancellationToken
        );
        return null;
    }

    private DateTime? SignOfLife(V1Node node)
    {
        var lease = _leases.Find(NodeObject.LeaseNamespace, node.Metadata.Name)?.Spec.RenewTime;
        var status = node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.LastHeartbeatTime;
        return lease > status || status is null ? lease : status;
    }

    private TimeSpan SilentFor(string node, DateTime? sign)
    {
        lock (_lock)
        {
            if (_heard.TryGetValue(node, out var heard) && heard.Sign == sign)
                return Stopwatch.GetElapsedTime(heard.Seen);
            _heard[node] = (sign, Stopwatch.GetTimestamp());
            return TimeSpan.Zero;
        }
    }
}
