using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Forecasts;

/// <summary>What sacct and sacctmgr print with <c>--parsable2</c>: a line of names, then lines of fields, with bars between them.</summary>
/// <param name="path">The file, for errors.</param>
/// <param name="columns">Where each column stands.</param>
internal sealed partial class SlurmTable(string path, IReadOnlyDictionary<string, int> columns)
{
    /// <summary>A line of fields.</summary>
    /// <param name="table">The table.</param>
    /// <param name="number">The line's number in the file, from 1.</param>
    /// <param name="fields">Its fields.</param>
    internal readonly struct Row(SlurmTable table, int number, string[] fields)
    {
        /// <summary>A field; empty where there is no such column.</summary>
        public string this[string column] => table.Columns.TryGetValue(column, out var at) ? fields[at] : "";

        /// <summary>A time; null for one that has not come, or never did.</summary>
        /// <exception cref="ConfigurationException">It is none that can be read.</exception>
        public DateTimeOffset? Time(string column)
        {
            var text = this[column];
            if (text is "" or "Unknown" or "None")
                return null;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < LastSecond)
                return DateTimeOffset.FromUnixTimeSeconds(seconds);
            return DateTimeOffset.TryParseExact(text, Iso, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)
                ? time
                : throw Problem($"{column}: '{text}' is not a time; ask with SLURM_TIME_FORMAT=%s");
        }

        /// <summary>An error about this line.</summary>
        public ConfigurationException Problem(string text) => table.Problem(number, text);
    }

    private const string FreeText = "JobName";

    // Of the year 9999, the last that .NET knows.
    private const long LastSecond = 253402300800;

    // Slurm's default, and with its zone.
    private static readonly string[] Iso = ["yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:sszzz", "yyyy-MM-ddTHH:mm:ssK"];

    private IReadOnlyDictionary<string, int> Columns => columns;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="needed">Columns that it must have.</param>
    /// <param name="command">The command that prints such a file, for errors.</param>
    /// <exception cref="ConfigurationException">It cannot be read, or is none.</exception>
    public static IEnumerable<Row> Read(string path, IReadOnlyList<string> needed, string command)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(e.Message);
        }
        if (text.Length == 0)
            throw new ConfigurationException($"{path} is empty; fill it with: {command}");
        // They end each line. Where the last one has no end, the file was cut off, and its last field may look whole.
        if (text[^1] != '\n')
            throw new ConfigurationException(
                $"{path}, line {text.Count(c => c == '\n') + 1}: the file ends within the line; write it again, or remove that line"
            );
        return ReadLines(path, text.Split('\n'), needed, command);
    }

    private static IEnumerable<Row> ReadLines(string path, string[] lines, IReadOnlyList<string> needed, string command)
    {
        var names = lines[0].TrimEnd('\r').Split('|');
        var columns = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var at = 0; at < names.Length; at++)
            columns.TryAdd(names[at], at);
        var table = new SlurmTable(path, columns);
        if (needed.Where(name => !columns.ContainsKey(name)).ToList() is { Count: > 0 } missing)
            throw table.Problem(1, $"the first line does not name {string.Join(", ", missing)}; fill the file with: {command}");
        var isFreeTextLast = names[^1] == FreeText;
        for (var number = 2; number <= lines.Length; number++)
        {
            var line = lines[number - 1].TrimEnd('\r');
            if (line.Length == 0)
                continue;
            var fields = line.Split('|');
            // A user's text may have line breaks, and this be the rest of it. A line that begins as a job's was cut off.
            if (isFreeTextLast && fields.Length < names.Length && !BeginsAJob().IsMatch(line))
                continue;
            if (fields.Length < names.Length)
                throw table.Problem(number, $"{fields.Length} fields where the first line names {names.Length}; was the line cut off?");
            // Or bars.
            if (fields.Length > names.Length && !isFreeTextLast)
                throw table.Problem(
                    number,
                    $"{fields.Length} fields where the first line names {names.Length}; ask for {FreeText} last, it may have '|' in it"
                );
            yield return new Row(table, number, fields);
        }
    }

    // 7, 7_3, 7_[1-9], 7+1, 7.batch, as sacct's JobID is.
    [GeneratedRegex(@"^\d+([_+.][^|]*)?\|")]
    private static partial Regex BeginsAJob();

    private ConfigurationException Problem(int line, string text) => new($"{path}, line {line}: {text}");
}
