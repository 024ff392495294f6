using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Tests;

/// <summary>Keeps what is logged, to look at.</summary>
public sealed class RecordingLog : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string? Event, string Text)> lines = new();

    public IReadOnlyList<string> Errors => [.. lines.Where(l => l.Level >= LogLevel.Error).Select(l => l.Text)];

    /// <summary>The names of the messages, which stay the same when they are reworded.</summary>
    public IReadOnlyList<string?> Events => [.. lines.Select(l => l.Event)];

    public IReadOnlyList<string> All => [.. lines.Select(l => l.Text)];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => lines.Enqueue((logLevel, eventId.Name, formatter(state, exception)));
}
