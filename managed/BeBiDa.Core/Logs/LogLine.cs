using System.Text;

namespace BeBiDa.Logs;

/// <summary>A message as it is written to a log: one line, whose end only we can write.</summary>
/// <remarks>
/// A webhook's answer, a job's name or an exception may hold anything. Line breaks and control characters, which move the
/// cursor of a terminal, become blanks; and what looks like a <see cref="LogTail"/> is written as one only where the message holds one.
/// </remarks>
public static class LogLine
{
    // native/bridge/log.c cuts a line after 4095 bytes, and with it the tail of one that is longer.
    private const int MostBytes = 4000;

    // Whoever logs an exception logs a bug: every failure that we know of is told in words.
    private const string InternalError = LogTail.Start + "internal-error";

    /// <summary>Formats a message for a logger.</summary>
    /// <typeparam name="TState">What the message is made of.</typeparam>
    public static string Of<TState>(TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = OnOneLine(exception is null ? formatter(state, null) : $"{formatter(state, exception)}: {exception}");
        var tail = (state as IEnumerable<KeyValuePair<string, object?>>)?.Select(value => value.Value).OfType<LogTail>().FirstOrDefault();
        if (tail is not null)
            return WithRoomFor($"{tail}", line);
        line = line.Replace(LogTail.Start, LogTail.Start.Replace('=', ':'), StringComparison.Ordinal);
        return exception is null ? line : WithRoomFor(InternalError, line + InternalError);
    }

    private static string WithRoomFor(string tail, string line)
    {
        if (Encoding.UTF8.GetByteCount(line) <= MostBytes || !line.EndsWith(tail, StringComparison.Ordinal))
            return line;
        // A character has four bytes at most.
        var room = (MostBytes - Encoding.UTF8.GetByteCount(tail)) / 4;
        return string.Concat(line.AsSpan(0, Math.Max(0, Math.Min(room, line.Length - tail.Length))), "…", tail);
    }

    /// <summary>A text without line breaks and control characters.</summary>
    public static string OnOneLine(string text)
    {
        text = text.ReplaceLineEndings(" ");
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }
}
