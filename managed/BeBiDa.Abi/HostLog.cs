using System.Runtime.InteropServices;
using BeBiDa.Logs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Abi;

/// <summary>Writes log lines to the log of the daemon that we live in.</summary>
/// <param name="write">The function log of the host table.</param>
public sealed unsafe class HostLog(delegate* unmanaged[Cdecl]<int, byte*, void> write) : ILogger, IDisposable
{
    private volatile bool closed;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Debug and < LogLevel.None && !closed;

    /// <inheritdoc/>
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
        var level = logLevel switch
        {
            >= LogLevel.Warning => HostLogLevel.Error,
            LogLevel.Information => HostLogLevel.Info,
            _ => HostLogLevel.Debug,
        };
        var utf8 = Marshal.StringToCoTaskMemUTF8(LogLine.Of(state, exception, formatter));
        try
        {
            write((int)level, (byte*)utf8);
        }
        finally
        {
            Marshal.FreeCoTaskMem(utf8);
        }
    }

    /// <summary>Nothing is written after this.</summary>
    public void Dispose() => closed = true;
}
