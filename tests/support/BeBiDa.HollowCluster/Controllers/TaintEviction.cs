using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Hollow.Scheduling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>Deletes the pods that do not tolerate a NoExecute taint of their node, or not for so long.</summary>
public sealed class TaintEviction : IAsyncDisposable
{
    // What the admission plugin DefaultTolerationSeconds gives every pod; a server without it needs it said here.
    private static readonly TimeSpan s_defaultForLostNodes = TimeSpan.FromSeconds(300);

    private readonly ApiClient _api;
    private readonly Informer<V1Pod> _pods;
    private readonly Informer<V1Node> _nodes;
    private readonly ILogger _log;
    private readonly WorkQueue _work;

    internal TaintEviction(ApiClient api, Informer<V1Pod> pods, Informer<V1Node> nodes, ILogger log)
    {
        (_api, _pods, _nodes, _log) = (api, pods, nodes, log);
        _work = new WorkQueue("taint eviction", SyncAsync, log);
        var byNode = new Index<V1Pod>(pods, pod => pod.Spec.NodeName);
        nodes.Changed += (_, after) =>
        {
            if (after is null || !NoExecute(after).Any())
                return;
            foreach (var pod in byNode[after.Metadata.Name])
                _work.Add(Informer<V1Pod>.KeyOf(pod));
        };
        pods.Changed += (before, after) =>
        {
            if (
                after?.Spec.NodeName is { } node
                && before?.Spec.NodeName != node
                && _nodes.Find(node) is { } known
                && NoExecute(known).Any()
            )
                _work.Add(Informer<V1Pod>.KeyOf(after));
        };
    }

    public void Start() => _work.Start(8);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancellationToken)
    {
        if (
            _pods.Find(key) is not { Metadata.DeletionTimestamp: null } pod
            || PodStatus.IsFinished(pod)
            || pod.Spec.NodeName is null
            || _nodes.Find(pod.Spec.NodeName) is not { } node
        )
            return null;

        DateTime? leaves = null;
        foreach (var taint in NoExecute(node))
        {
            if (StaysFor(pod.Spec, taint) is not { } time)
                continue;
            var end = (taint.TimeAdded ?? DateTime.UtcNow) + time;
            leaves = leaves < end ? leaves : end;
        }

        if (leaves is null)
            return null;
        if (leaves > DateTime.UtcNow)
            return leaves - DateTime.UtcNow;
        _log.LogInformation("{Pod} does not tolerate the taints of {Node}", key, node.Metadata.Name);
        await _api.DeleteAsync(
            Resources.Pods.Of(pod),
            new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } },
            cancellationToken
        );
        return null;
    }

    // Null: for ever.
    private static TimeSpan? StaysFor(V1PodSpec pod, V1Taint taint)
    {
        var tolerations = (pod.Tolerations ?? []).Where(toleration => Taints.Tolerates(toleration, taint)).ToList();
        if (tolerations.Count == 0)
            return taint.Key is Taints.NotReady or Taints.Unreachable ? s_defaultForLostNodes : TimeSpan.Zero;
        return tolerations.Min(toleration => toleration.TolerationSeconds) is { } seconds
            ? TimeSpan.FromSeconds(Math.Max(seconds, 0))
            : null;
    }

    private static IEnumerable<V1Taint> NoExecute(V1Node node) => node.Spec?.Taints?.Where(taint => taint.Effect == "NoExecute") ?? [];
}
