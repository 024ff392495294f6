namespace BeBiDa.Logs;

/// <summary>A message as it is written to a log: one line, whose end only we can write.</summary>
/// <remarks>
/// A webhook's answer, a job's name or an exception may hold anything. Line breaks and control characters, which move the
/// cursor of a terminal, become blanks; and what looks like a <see cref="LogTail"/> is written as one only where the message holds one.
/// </remarks>
public static class LogLine
{
    /// <summary>Formats a message for a logger.</summary>
    /// <typeparam name="TState">What the message is made of.</typeparam>
    public static string Of<TState>(TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = OnOneLine(exception is null ? formatter(state, null) : $"{formatter(state, exception)}: {exception}");
        return state is IEnumerable<KeyValuePair<string, object?>> values && values.Any(value => value.Value is LogTail)
            ? line
            : line.Replace(LogTail.Start, LogTail.Start.Replace('=', ':'), StringComparison.Ordinal);
    }

    /// <summary>A text without line breaks and control characters.</summary>
    public static string OnOneLine(string text)
    {
        text = text.ReplaceLineEndings(" ");
        return text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;
    }
}
