using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>Everything that this project logs. The words are for people; no program reads them.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(4001, LogLevel.Error, "{Problem}; until this is fixed, jobs share their nodes with Kubernetes")]
    public static partial void NotConfigured(this ILogger logger, ConfigurationProblem problem);

    [LoggerMessage(4002, LogLevel.Error, "unexpected internal error, please report it")]
    public static partial void Unexpected(this ILogger logger, Exception error);

    // Before a job

    [LoggerMessage(4101, LogLevel.Information, "job {Job}: leaving this node in Kubernetes: {Reason}")]
    public static partial void LeftAlone(this ILogger logger, string job, string reason);

    [LoggerMessage(4102, LogLevel.Information, "job {Job}: {Refusal}")]
    public static partial void WishRefused(this ILogger logger, string job, string refusal);

    [LoggerMessage(4103, LogLevel.Debug, "job {Job}: {Unit} is not installed (node.services)")]
    public static partial void NotInstalled(this ILogger logger, string job, string unit);

    [LoggerMessage(4104, LogLevel.Information, "job {Job}: {Unit} stopped")]
    public static partial void Stopped(this ILogger logger, string job, string unit);

    [LoggerMessage(
        4105,
        LogLevel.Error,
        "{Unit} was running, but none of node.podCgroups ({Groups}) exists: leftover pods are not ended. Set it to kubelet's cgroup for pods (--cgroup-root moves it; see systemd-cgls)"
    )]
    public static partial void NoPodCgroups(this ILogger logger, string unit, string groups);

    [LoggerMessage(4106, LogLevel.Information, "job {Job}: freezing {Count} pod processes (node.leftoverPods)")]
    public static partial void PodsFrozen(this ILogger logger, string job, int count);

    [LoggerMessage(4107, LogLevel.Information, "job {Job}: ending {Count} pod processes")]
    public static partial void PodsEnded(this ILogger logger, string job, int count);

    [LoggerMessage(4108, LogLevel.Information, "job {Job}: ending processes that outlived their services: {Processes}")]
    public static partial void LeftoversEnded(this ILogger logger, string job, string processes);

    [LoggerMessage(4109, LogLevel.Information, "job {Job}: unmounted {Count} in-memory volumes, root file systems and networks of pods")]
    public static partial void PodsUnmounted(this ILogger logger, string job, int count);

    [LoggerMessage(4110, LogLevel.Error, "job {Job}: cannot unmount what a pod had mounted, it keeps its memory or network: {Mount}")]
    public static partial void MountStays(this ILogger logger, string job, string mount);

    // After a job

    [LoggerMessage(4201, LogLevel.Information, "{Who}: {Unit} started")]
    public static partial void Started(this ILogger logger, string who, string unit);

    [LoggerMessage(4202, LogLevel.Information, "{Who}: {Unit} was stopped for a job and is {Load} now, so it is not started")]
    public static partial void NotStarted(this ILogger logger, string who, string unit, string load);

    [LoggerMessage(4203, LogLevel.Information, "{Who}: the node stays with Slurm, job {Other} is on it")]
    public static partial void NodeTaken(this ILogger logger, string who, string other);

    [LoggerMessage(4204, LogLevel.Information, "{Who}: the node stays with Slurm, job {Others} has started on it")]
    public static partial void NodeTakenAgain(this ILogger logger, string who, string others);

    [LoggerMessage(4206, LogLevel.Information, "{Who}: the node stays with Slurm for {Linger}, for the next job (nodes.linger)")]
    public static partial void Kept(this ILogger logger, string who, string linger);

    [LoggerMessage(
        4207,
        LogLevel.Warning,
        "{Who}: the node is not kept for the next job (nodes.linger), since {Unit} does not work; see systemctl status {Unit}"
    )]
    public static partial void NotWatched(this ILogger logger, string who, string unit);

    [LoggerMessage(4208, LogLevel.Warning, "{Who}: the node is not kept for the next job (nodes.linger): {Problem}")]
    public static partial void NotKept(this ILogger logger, string who, string problem);

    [LoggerMessage(4205, LogLevel.Information, "job {Job} has left this node without an epilog")]
    public static partial void LeftWithoutEpilog(this ILogger logger, string job);
}
