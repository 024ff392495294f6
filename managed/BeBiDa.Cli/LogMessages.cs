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
}
