using BeBiDa.Logs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>Log lines for a terminal or a log file: who says it, then what.</summary>
internal sealed class LineLog(TextWriter writer, LogLevel least, bool timestamps) : ILogger
{
    private readonly Lock gate = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!IsEnabled(logLevel))
            return;
        var line =
            $"{(timestamps ? $"{DateTimeOffset.Now:yyyy-MM-dd'T'HH:mm:ss.fffzzz} " : "")}bebidactl: {(logLevel >= LogLevel.Error ? "error: " : "")}{LogLine.Of(state, exception, formatter)}";
        lock (gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }
}
