using BeBiDa.Logs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Tests;

/// <summary>A log that keeps its lines: "Level: text".</summary>
internal sealed class Lines : ILogger
{
    public List<string> All { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        lock (All)
            All.Add($"{logLevel}: {LogLine.Of(state, exception, formatter)}");
    }
}
