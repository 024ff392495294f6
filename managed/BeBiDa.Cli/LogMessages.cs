using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>What bebidactl itself logs. The words are for people, and may change at any time.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(LogLevel.Error, "job {Job}: starting it anyway (controller.onFailure: start)")]
    public static partial void StartsAnyway(this ILogger logger, string job);

    [LoggerMessage(LogLevel.Error, "{Problem}")]
    public static partial void HookFailed(this ILogger logger, string problem);

    [LoggerMessage(LogLevel.Debug, "job {Job}: assuming that it has left its nodes: {Cause}")]
    public static partial void NoSqueue(this ILogger logger, uint job, string cause);

    [LoggerMessage(LogLevel.Debug, "job {Job}: assuming that it is still on its nodes: {Cause}")]
    public static partial void JobStillThere(this ILogger logger, uint job, string cause);

    [LoggerMessage(LogLevel.Error, "{Folder}: cannot write the journal; will keep trying: {Cause}")]
    public static partial void JournalNotWritten(this ILogger logger, string folder, string cause);

    [LoggerMessage(LogLevel.Information, "{Folder}: writing the journal again")]
    public static partial void JournalWrittenAgain(this ILogger logger, string folder);

    [LoggerMessage(LogLevel.Error, "Slurm's nodes are not recorded; will keep asking: {Cause}")]
    public static partial void SlurmNotRecorded(this ILogger logger, string cause);

    [LoggerMessage(LogLevel.Information, "Slurm answers again")]
    public static partial void SlurmAnswersAgain(this ILogger logger);

    [LoggerMessage(LogLevel.Error, "Nodes are not recorded; will keep trying: {Cause}")]
    public static partial void NodesNotFollowed(this ILogger logger, string cause);

    [LoggerMessage(LogLevel.Error, "pods are not recorded; will keep trying: {Cause}")]
    public static partial void PodsNotFollowed(this ILogger logger, string cause);

    [LoggerMessage(
        LogLevel.Warning,
        "how long jobs wait is not recorded: Events cannot be watched; if this identity may not, "
            + "bebidactl check prints the command that grants the right ({Cause})"
    )]
    public static partial void HandOversNotFollowed(this ILogger logger, string cause);
}
