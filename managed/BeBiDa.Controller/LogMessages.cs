using Microsoft.Extensions.Logging;

namespace BeBiDa.Controller;

/// <summary>Everything that this project logs. The words are for people.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(2001, LogLevel.Information, "configured by {Path}, Kubernetes API server {Address}")]
    public static partial void Configured(this ILogger logger, string path, string address);

    [LoggerMessage(
        2002,
        LogLevel.Error,
        "libbebida_controller.so has ABI version {Ours}; the plugin needs {Theirs}. Install both from the same release."
    )]
    public static partial void WrongAbi(this ILogger logger, uint ours, uint theirs);

    [LoggerMessage(2003, LogLevel.Error, "{Problem}")]
    public static partial void Unusable(this ILogger logger, string problem);

    [LoggerMessage(
        2004,
        LogLevel.Information,
        "stopping during hand-overs: slurmctld repeats those of starting jobs when it is back, and the reconciler does the others"
    )]
    public static partial void StoppingEarly(this ILogger logger);

    [LoggerMessage(2005, LogLevel.Error, "job {Job}: hand-over ended with an unexpected internal error, please report it")]
    public static partial void HandOverBroke(this ILogger logger, Exception error, uint job);

    [LoggerMessage(2006, LogLevel.Error, "unexpected internal error, please report it")]
    public static partial void Broke(this ILogger logger, Exception error);
}
