using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>All log messages of this project. They are for people, and no program reads them.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(3001, LogLevel.Information, "{Path} has changed; using the new credentials")]
    public static partial void CredentialsRenewed(this ILogger logger, string path);

    [LoggerMessage(3002, LogLevel.Error, "{Problem}; still using the previous credentials")]
    public static partial void CredentialsUnusable(this ILogger logger, string problem);

    [LoggerMessage(3003, LogLevel.Debug, "the API server has answered none of the last {Failures} requests; next try in {Pause}")]
    public static partial void CircuitOpened(this ILogger logger, int failures, string pause);

    [LoggerMessage(3004, LogLevel.Debug, "watching {Count} nodes of {Address}")]
    public static partial void NodesListed(this ILogger logger, int count, Uri address);

    [LoggerMessage(3005, LogLevel.Information, "Kubernetes at {Address} answers again: {Count} nodes")]
    public static partial void NodesListedAgain(this ILogger logger, Uri address, int count);

    [LoggerMessage(3006, LogLevel.Error, "cannot watch the cluster's nodes; will keep retrying: {Cause}")]
    public static partial void NodesNotWatched(this ILogger logger, string cause);

    [LoggerMessage(
        3007,
        LogLevel.Information,
        "job {Job}: node {Node}: removed the parts of its hold that another field manager had copied"
    )]
    public static partial void CopiedHoldRemoved(this ILogger logger, string job, string node);

    [LoggerMessage(
        3008,
        LogLevel.Error,
        "node {Node} stays unschedulable: field manager {Manager} owns spec.unschedulable; unless an admin cordoned it, run: kubectl uncordon {Node}"
    )]
    public static partial void StaysUnschedulable(this ILogger logger, string node, string manager);

    [LoggerMessage(3009, LogLevel.Debug, "node {Node}: deleting pod {Pod} without the condition DisruptionTarget: {Cause}")]
    public static partial void NotMarkedDisrupted(this ILogger logger, string node, string pod, string cause);

    [LoggerMessage(
        3010,
        LogLevel.Warning,
        "nodes.waitUntilReady: cannot read Leases in kube-node-lease, so a node whose kubelet never stopped waits for "
            + "the whole nodes.readyTimeout; bebidactl check prints the command that grants the right ({Cause})"
    )]
    public static partial void LeasesNotRead(this ILogger logger, string cause);
}
