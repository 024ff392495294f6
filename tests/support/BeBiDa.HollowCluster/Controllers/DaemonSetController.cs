using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Hollow.Scheduling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>Keeps one pod of each DaemonSet on every node that may have it, cordoned ones included. A template that changes is for new pods only.</summary>
public sealed class DaemonSetController : IAsyncDisposable
{
    // What the real controller adds to each of its pods:
    // https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
    private static readonly V1Toleration[] s_tolerations =
    [
        Exists(Taints.NotReady, "NoExecute"),
        Exists(Taints.Unreachable, "NoExecute"),
        Exists("node.kubernetes.io/disk-pressure", "NoSchedule"),
        Exists("node.kubernetes.io/memory-pressure", "NoSchedule"),
        Exists("node.kubernetes.io/pid-pressure", "NoSchedule"),
        Exists(Taints.Unschedulable, "NoSchedule"),
    ];

    private readonly ApiClient _api;
    private readonly Informer<V1DaemonSet> _sets;
    private readonly Informer<V1Node> _nodes;
    private readonly PodOwner _pods;
    private readonly Pace _pace = new();
    private readonly WorkQueue _work;

    internal DaemonSetController(ApiClient api, Informer<V1DaemonSet> sets, Informer<V1Node> nodes, Informer<V1Pod> pods, ILogger log)
    {
        (_api, _sets, _nodes) = (api, sets, nodes);
        _work = new WorkQueue("daemonset controller", SyncAsync, log);
        _pods = new PodOwner(api, pods, "apps/v1", "DaemonSet", _work.Add);
        sets.Changed += (_, after) =>
        {
            if (after is not null)
                _work.Add(Informer<V1DaemonSet>.KeyOf(after));
        };
        nodes.Changed += (_, _) =>
        {
            // A moment together: the heartbeats of a thousand nodes are one reason to look.
            foreach (var set in _sets.Objects)
                _work.AddAfter(Informer<V1DaemonSet>.KeyOf(set), TimeSpan.FromMilliseconds(50));
        };
    }

    public void Start() => _work.Start(2);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancellationToken)
    {
        if (_sets.Find(key) is not { } set)
            return null;

        var pods = _pods.Of(set).ToLookup(NodeOf);
        var nodes = _nodes.Objects.ToDictionary(node => node.Metadata.Name);
        var wanted = 0;
        var parallel = new List<Func<CancellationToken, Task>>();
        foreach (var node in nodes.Values)
        {
            var spec = SpecFor(set.Spec.Template.Spec, node.Metadata.Name);
            var here = pods[node.Metadata.Name].ToList();
            var may = spec.WantsNode(node) && node.Admits(spec);
            var stays =
                spec.WantsNode(node) && node.Spec?.Taints?.Any(taint => taint.Effect == "NoExecute" && !spec.Tolerates(taint)) != true;
            if (may)
                wanted++;

            // The pod before must be gone: two of a DaemonSet on one node would share its ports and its files.
            if (may && here.Count == 0)
                parallel.Add(stop => _pods.CreateAsync(set, set.Spec.Template, _ => spec, stop));
            foreach (var pod in here.Where(pod => !_pods.IsLeaving(pod) && (!stays || PodStatus.IsFinished(pod))))
                parallel.Add(stop => _pods.DeleteAsync(pod, stop));
        }

        foreach (
            var pod in pods.Where(group => group.Key is null || !nodes.ContainsKey(group.Key))
                .SelectMany(group => group)
                .Where(pod => !_pods.IsLeaving(pod))
        )
            parallel.Add(stop => _pods.DeleteAsync(pod, stop));

        var running = pods.SelectMany(group => group).Where(pod => !_pods.IsLeaving(pod) && !PodStatus.IsFinished(pod)).ToList();
        if (set.Metadata.DeletionTimestamp is null)
        {
            await Parallel.ForEachAsync(
                parallel,
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
                async (step, stop) => await step(stop)
            );
        }

        return await ReportAsync(set, wanted, running, cancellationToken);
    }

    private async Task<TimeSpan?> ReportAsync(V1DaemonSet set, int wanted, List<V1Pod> running, CancellationToken cancellationToken)
    {
        var ready = running.Count(PodStatus.IsReady);
        var status = set.Status;
        if (
            status is not null
            && status.ObservedGeneration == set.Metadata.Generation
            && status.DesiredNumberScheduled == wanted
            && status.CurrentNumberScheduled == running.Count
            && status.NumberReady == ready
        )
            return null;
        if (_pace.Wait(set.Metadata.Uid) is { } wait)
            return wait;
        await _api.MergeAsync<V1DaemonSet>(
            Resources.DaemonSets.Of(set, "status"),
            new
            {
                status = new
                {
                    observedGeneration = set.Metadata.Generation,
                    desiredNumberScheduled = wanted,
                    currentNumberScheduled = running.Count,
                    numberReady = ready,
                    numberAvailable = ready,
                    numberUnavailable = Math.Max(0, wanted - ready),
                    numberMisscheduled = Math.Max(0, running.Count - wanted),
                    updatedNumberScheduled = running.Count,
                },
            },
            cancellationToken
        );
        return null;
    }

    private static V1PodSpec SpecFor(V1PodSpec template, string node)
    {
        var pinned = new V1NodeSelectorRequirement
        {
            Key = "metadata.name",
            OperatorProperty = "In",
            Values = [node],
        };
        var terms = template.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        return template with
        {
            Tolerations = [.. template.Tolerations ?? [], .. s_tolerations],
            Affinity = (template.Affinity ?? new V1Affinity()) with
            {
                NodeAffinity = (template.Affinity?.NodeAffinity ?? new V1NodeAffinity()) with
                {
                    RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
                    {
                        NodeSelectorTerms = [.. (terms ?? [new V1NodeSelectorTerm()]).Select(term => term with { MatchFields = [pinned] })],
                    },
                },
            },
        };
    }

    private static string? NodeOf(V1Pod pod) =>
        !string.IsNullOrEmpty(pod.Spec.NodeName)
            ? pod.Spec.NodeName
            : pod
                .Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms.SelectMany(term =>
                    term.MatchFields ?? []
                )
                .FirstOrDefault(field => field.Key == "metadata.name")
                ?.Values.FirstOrDefault();

    private static V1Toleration Exists(string key, string effect) =>
        new()
        {
            Key = key,
            OperatorProperty = "Exists",
            Effect = effect,
        };
}
