using System.Globalization;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow;

/// <summary>Log lines on standard error, where systemd's journal and terminals take them from.</summary>
internal sealed class ConsoleLog(LogLevel least) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel level) => level >= least;

    public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> format)
    {
        if (!IsEnabled(level))
            return;
        var time = DateTime.UtcNow.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        Console.Error.WriteLine($"{time} {level.ToString().ToLowerInvariant()}: {format(state, exception)}");
        if (exception is not null)
            Console.Error.WriteLine(exception);
    }
}
