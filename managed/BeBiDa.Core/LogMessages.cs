using BeBiDa.Cluster;
using BeBiDa.HandOver;
using BeBiDa.Logs;
using Microsoft.Extensions.Logging;

namespace BeBiDa;

/// <summary>Everything that this project logs. The words are for people; what a program reads is a <see cref="LogTail"/>.</summary>
internal static partial class LogMessages
{
    // Hand-overs

    [LoggerMessage(1001, LogLevel.Information, "job {Job}: leaving its nodes in Kubernetes: {Reason}")]
    public static partial void LeftAlone(this ILogger logger, string job, string reason);

    [LoggerMessage(1002, LogLevel.Information, "job {Job}: {Refusal}")]
    public static partial void WishRefused(this ILogger logger, string job, string refusal);

    [LoggerMessage(1003, LogLevel.Debug, "job {Job}: node {Node} is not lent (nodes.include, nodes.exclude)")]
    public static partial void NodeNotLent(this ILogger logger, string job, string node);

    [LoggerMessage(1004, LogLevel.Debug, "job {Job}: node {Node} is not in Kubernetes")]
    public static partial void NodeUnknown(this ILogger logger, string job, string node);

    [LoggerMessage(1005, LogLevel.Debug, "job {Job}: none of its nodes is lent and in Kubernetes")]
    public static partial void NothingToHandOver(this ILogger logger, string job);

    /// <summary>A hand-over has ended.</summary>
    public static void Ended(this ILogger logger, HandOverRequest request, HandOverResult result)
    {
        var job = request.Job.Number;
        var pods = request.IsDecommission ? result.PodsEvicted : (int?)null;
        var tail = new LogTail(request.Direction, Outcome(result.Outcome), job, result.Elapsed, request.NodeList, pods);
        var elapsed = Milliseconds(result.Elapsed);
        switch (result.Outcome)
        {
            case HandOverOutcome.Done:
                var nodes = Count(result.Nodes.Count, "node");
                HandOverDone(
                    logger,
                    job,
                    request.Direction,
                    nodes,
                    elapsed,
                    pods is { } count ? $", {Count(count, "pod")} evicted" : "",
                    tail
                );
                break;
            case HandOverOutcome.Superseded:
                HandOverSuperseded(logger, job, request.Direction, elapsed, tail);
                break;
            case HandOverOutcome.Failed:
                HandOverFailed(logger, job, request.Direction, elapsed, request.Problems.ToString(), tail);
                break;
        }
    }

    /// <summary>A hand-over was not done within its limit.</summary>
    /// <param name="logger">The log.</param>
    /// <param name="request">The hand-over.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="away">For how long the API server has been down, where that is why the limit is short.</param>
    public static void TimedOut(this ILogger logger, HandOverRequest request, TimeSpan limit, TimeSpan? away) =>
        HandOverTimedOut(
            logger,
            request.Job.Number,
            request.Direction,
            Duration.Format(limit),
            away is { } down ? $" (the API server has been down for {Duration.Format(TimeSpan.FromSeconds((long)down.TotalSeconds))})" : "",
            request.Problems.ToString(),
            new LogTail(request.Direction, LogTail.TimedOut, request.Job.Number, limit, request.NodeList)
        );

    [LoggerMessage(1006, LogLevel.Information, "job {Job}: {Direction} of {Nodes} done in {Elapsed}{Pods}{Tail}")]
    private static partial void HandOverDone(
        ILogger logger,
        string job,
        string direction,
        string nodes,
        string elapsed,
        string pods,
        LogTail tail
    );

    [LoggerMessage(1007, LogLevel.Information, "job {Job}: {Direction} canceled after {Elapsed}: the job has ended{Tail}")]
    private static partial void HandOverSuperseded(ILogger logger, string job, string direction, string elapsed, LogTail tail);

    [LoggerMessage(1008, LogLevel.Error, "job {Job}: {Direction} failed after {Elapsed}: {Problems}{Tail}")]
    private static partial void HandOverFailed(ILogger logger, string job, string direction, string elapsed, string problems, LogTail tail);

    [LoggerMessage(
        1009,
        LogLevel.Error,
        "job {Job}: {Direction} timed out after {Limit}{Away}: {Problems}; continuing in the background{Tail}"
    )]
    private static partial void HandOverTimedOut(
        ILogger logger,
        string job,
        string direction,
        string limit,
        string away,
        string problems,
        LogTail tail
    );

    [LoggerMessage(1010, LogLevel.Information, "job {Job}: recommission gave up after {Elapsed}; the reconciler will release the nodes")]
    public static partial void LeftToReconciler(this ILogger logger, string job, string elapsed);

    [LoggerMessage(1011, LogLevel.Error, "job {Job}: {Direction} ended with an unexpected internal error, please report it")]
    public static partial void HandOverBroke(this ILogger logger, Exception error, string job, string direction);

    [LoggerMessage(1012, LogLevel.Debug, "job {Job}: node {Node}: retrying: {Cause}")]
    public static partial void NodeRetried(this ILogger logger, string job, string node, string cause);

    [LoggerMessage(1013, LogLevel.Debug, "job {Job}: node {Node} is gone from Kubernetes")]
    public static partial void NodeGone(this ILogger logger, string job, string node);

    [LoggerMessage(1014, LogLevel.Information, "job {Job}: node {Node}: pod {Pod}{Owner} {Why}; leaving it to the node's prolog")]
    public static partial void PodRemains(this ILogger logger, string job, string node, Pod pod, string owner, string why);

    [LoggerMessage(1015, LogLevel.Information, "job {Job}: node {Node} stays in Kubernetes: {Reason}")]
    public static partial void NodeStays(this ILogger logger, string job, string node, string reason);

    [LoggerMessage(
        1016,
        LogLevel.Information,
        "job {Job}: node {Node}: {Count} volumes are still in use after {Limit} (eviction.volumeTimeout); pods elsewhere may wait six minutes for them: {Volumes}"
    )]
    public static partial void VolumesInUse(this ILogger logger, string job, string node, int count, string limit, string volumes);

    [LoggerMessage(1017, LogLevel.Debug, "job {Job}: node {Node}: cannot read which volumes are in use: {Cause}")]
    public static partial void VolumesUnknown(this ILogger logger, string job, string node, string cause);

    /// <summary>Pods that came to a node in the moment of its hold were evicted.</summary>
    public static void LateBoundPodsEvicted(this ILogger logger, string job, string node, int pods) =>
        LateBoundPodsEvicted(logger, job, node, Count(pods, "pod"));

    [LoggerMessage(1018, LogLevel.Information, "job {Job}: node {Node}: evicted {Pods} bound after the hold")]
    private static partial void LateBoundPodsEvicted(ILogger logger, string job, string node, string pods);

    [LoggerMessage(1019, LogLevel.Error, "job {Job}: cannot look for pods that were bound after the hold: {Cause}")]
    public static partial void LateBoundPodsUnknown(this ILogger logger, string job, string cause);

    // Drains

    [LoggerMessage(1101, LogLevel.Information, "node {Node}: pod {Pod} {Why}; deleting it{How}")]
    public static partial void PodDeleted(this ILogger logger, string node, Pod pod, string why, string how);

    [LoggerMessage(1102, LogLevel.Error, "node {Node}: pod {Pod}: retrying after an unexpected internal error, please report it")]
    public static partial void EvictionBroke(this ILogger logger, Exception error, string node, Pod pod);

    [LoggerMessage(
        1103,
        LogLevel.Information,
        "node {Node}: pod {Pod} cannot be evicted yet; retrying until the eviction deadline: {Cause}"
    )]
    public static partial void EvictionRefused(this ILogger logger, string node, Pod pod, string cause);

    [LoggerMessage(1104, LogLevel.Debug, "node {Node}: pod {Pod} cannot be evicted; retrying: {Cause}")]
    public static partial void EvictionRetried(this ILogger logger, string node, Pod pod, string cause);

    [LoggerMessage(1105, LogLevel.Debug, "node {Node}: pod {Pod} has left")]
    public static partial void PodLeft(this ILogger logger, string node, Pod pod);

    [LoggerMessage(1106, LogLevel.Debug, "cannot list pods; retrying: {Cause}")]
    public static partial void PodListRetried(this ILogger logger, string cause);

    [LoggerMessage(1107, LogLevel.Debug, "cannot watch pods; listing them again soon: {Cause}")]
    public static partial void PodWatchThrottled(this ILogger logger, string cause);

    [LoggerMessage(1108, LogLevel.Debug, "the watch of pods ended; listing them again: {Cause}")]
    public static partial void PodWatchEnded(this ILogger logger, string cause);

    [LoggerMessage(1109, LogLevel.Error, "listing pods again after an unexpected internal error, please report it")]
    public static partial void PodInformerBroke(this ILogger logger, Exception error);

    // Reconciliation

    [LoggerMessage(1201, LogLevel.Information, "job {Job}: node {Node} released: {Why}{Tail}")]
    public static partial void NodeReleased(this ILogger logger, uint job, string node, string why, LogTail tail);

    [LoggerMessage(1202, LogLevel.Debug, "job {Job}: cannot release node {Node}: {Cause}")]
    public static partial void NodeNotReleased(this ILogger logger, uint job, string node, string cause);

    [LoggerMessage(1203, LogLevel.Information, "job {Job}: taking node {Node} again: {Why}")]
    public static partial void NodeTakenAgain(this ILogger logger, uint job, string node, string why);

    [LoggerMessage(1204, LogLevel.Error, "{Work} failed; will keep retrying: {Problem}")]
    public static partial void WorkFailed(this ILogger logger, string work, string problem);

    [LoggerMessage(1205, LogLevel.Information, "{Work} succeeded again")]
    public static partial void WorkRecovered(this ILogger logger, string work);

    [LoggerMessage(1206, LogLevel.Debug, "{Work} failed; retrying: {Problem}")]
    public static partial void WorkRetried(this ILogger logger, string work, string problem);

    // Standing holds

    [LoggerMessage(1401, LogLevel.Information, "node {Node} held: {Why}{Tail}")]
    public static partial void HeldForState(this ILogger logger, string node, string why, LogTail tail);

    [LoggerMessage(1402, LogLevel.Information, "node {Node} released from {Holder}: {Why}{Tail}")]
    public static partial void ReleasedForState(this ILogger logger, string node, string holder, string why, LogTail tail);

    [LoggerMessage(1403, LogLevel.Debug, "node {Node}: cannot write the hold {Holder}: {Cause}")]
    public static partial void NotWrittenForState(this ILogger logger, string node, string holder, string cause);

    /// <summary>Pods have left a node for a standing hold.</summary>
    public static void EvictedForState(this ILogger logger, string node, int pods) => EvictedForState(logger, node, Count(pods, "pod"));

    [LoggerMessage(1404, LogLevel.Information, "node {Node}: {Pods} evicted because of its state in Slurm")]
    private static partial void EvictedForState(ILogger logger, string node, string pods);

    [LoggerMessage(1405, LogLevel.Information, "cannot evict all pods because of a node's state in Slurm; retrying: {Cause}")]
    public static partial void NotEvictedForState(this ILogger logger, string cause);

    [LoggerMessage(
        1406,
        LogLevel.Warning,
        "{Down} of {Lent} lent nodes are newly DOWN: no pod is evicted because of DOWN, DRAIN or FAIL until fewer are"
    )]
    public static partial void ManyNodesDown(this ILogger logger, int down, int lent);

    /// <summary>Power saving leaves nodes on.</summary>
    public static void KeptAwake(this ILogger logger, IReadOnlyList<string> nodes) => KeptAwake(logger, string.Join(", ", nodes));

    [LoggerMessage(1407, LogLevel.Information, "added to SuspendExcNodes, because they have pods: {Nodes}")]
    private static partial void KeptAwake(ILogger logger, string nodes);

    /// <summary>Power saving may switch nodes off again.</summary>
    public static void KeptAwakeNoLonger(this ILogger logger, IReadOnlyList<string> nodes) =>
        KeptAwakeNoLonger(logger, string.Join(", ", nodes));

    [LoggerMessage(1408, LogLevel.Information, "removed from SuspendExcNodes, because their pods have left: {Nodes}")]
    private static partial void KeptAwakeNoLonger(ILogger logger, string nodes);

    [LoggerMessage(1409, LogLevel.Debug, "node {Node}: kubelet reports again{Tail}")]
    public static partial void Returned(this ILogger logger, string node, LogTail tail);

    [LoggerMessage(
        1410,
        LogLevel.Error,
        "node {Node} released to Kubernetes after {Limit} (nodes.readyTimeout), though {Missing}; see on the node: systemctl status kubelet{Tail}"
    )]
    public static partial void NotReturned(this ILogger logger, string node, string limit, string missing, LogTail tail);

    // Maintenance

    [LoggerMessage(1501, LogLevel.Information, "node {Node} drained in Slurm: {Reason}")]
    public static partial void DrainedForMaintenance(this ILogger logger, string node, string reason);

    [LoggerMessage(1502, LogLevel.Information, "node {Node} undrained in Slurm: {Why}")]
    public static partial void UndrainedAfterMaintenance(this ILogger logger, string node, string why);

    [LoggerMessage(1503, LogLevel.Error, "{Problem}; will keep retrying")]
    public static partial void NotChangedForMaintenance(this ILogger logger, string problem);

    // Events and metrics

    [LoggerMessage(1301, LogLevel.Debug, "node {Node}: cannot write Event {Reason}: {Cause}")]
    public static partial void EventNotWritten(this ILogger logger, string node, string reason, string cause);

    [LoggerMessage(1302, LogLevel.Information, "metrics.textfile: writing {Path} again")]
    public static partial void TextfileRecovered(this ILogger logger, string path);

    [LoggerMessage(
        1303,
        LogLevel.Error,
        "metrics.textfile: cannot write {Path}; will keep retrying. Its directory must exist and be writable by slurmctld's user: {Cause}"
    )]
    public static partial void TextfileNotWritten(this ILogger logger, string path, string cause);

    private static string Outcome(HandOverOutcome outcome) =>
        outcome switch
        {
            HandOverOutcome.Done => LogTail.Done,
            HandOverOutcome.Superseded => LogTail.Superseded,
            _ => LogTail.Failed,
        };

    private static string Milliseconds(TimeSpan elapsed) => $"{elapsed.TotalMilliseconds:0} ms";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
