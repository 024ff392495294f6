using System.Text.Json;
using BeBiDa.Accounts;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Reports;

/// <summary>Reads a journal's lines in the order in which they were written, whatever became of the host's clock.</summary>
/// <param name="folder">The journal's folder.</param>
/// <param name="warn">Told of lines that cannot be read.</param>
internal sealed class JournalReader(string folder, Action<string> warn)
{
    private (string File, string[] Lines) loaded = ("", []);

    /// <summary>The lines that may tell of some time.</summary>
    /// <param name="since">Its beginning.</param>
    /// <param name="until">Its end.</param>
    /// <exception cref="ConfigurationException">There is no journal, it cannot be read, or a newer release has written it.</exception>
    public IEnumerable<JournalLine> Read(DateTimeOffset since, DateTimeOffset until)
    {
        var parts = Parts(since, until);
        // A clock that was set back may have led back to an older file: within one start of the host, its other clock counts.
        var boots = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in parts.OrderBy(p => p.First.Time))
            boots.TryAdd(part.First.Boot ?? "", boots.Count);
        foreach (var part in parts.OrderBy(p => boots[p.First.Boot ?? ""]).ThenBy(p => p.First.Clock))
        {
            var lines = Load(part.File);
            for (var i = part.Begin; i < part.End; i++)
                if (Parse(lines[i]) is { } line)
                    yield return line;
                // The last line before a crash, or before the end, may be half a line.
                else if (lines[i].Length > 0 && i < part.End - 1)
                    warn($"{part.File}:{i + 1}: left out: this is no line of the journal");
        }
    }

    private List<Part> Parts(DateTimeOffset since, DateTimeOffset until)
    {
        var files = Guard(() => JournalFolder.Files(folder));
        if (files.Count == 0)
            throw new ConfigurationException(
                $"{folder}: nothing is recorded there; on the host of slurmctld, run: systemctl enable --now bebida-record.service (or name another --directory)"
            );
        // A day more at both ends: a clock may have been wrong.
        var (first, last) = (DateOnly.FromDateTime(since.UtcDateTime), DateOnly.FromDateTime(until.UtcDateTime));
        var parts = new List<Part>();
        foreach (var (_, file) in files.Where(f => f.Day.AddDays(1) >= first && f.Day.AddDays(-1) <= last))
            Split(file, parts);
        return parts;
    }

    private void Split(string file, List<Part> parts)
    {
        var lines = Load(file);
        Part? open = null;
        for (var i = 0; i < lines.Length; i++)
        {
            if (open is not null && !lines[i].Contains("\"start\"", StringComparison.Ordinal))
                continue;
            if (Parse(lines[i]) is not { } line || (open is not null && line.Event != JournalLine.Start))
                continue;
            if (line.Version > JournalLine.CurrentVersion)
                throw new ConfigurationException($"{file}:{i + 1}: a newer release of BeBiDa has written this");
            if (open is not null)
                parts.Add(open with { End = i });
            open = new Part(file, i, lines.Length, line);
        }
        if (open is not null)
            parts.Add(open);
    }

    // A day's file is some megabytes at most.
    private string[] Load(string file)
    {
        if (loaded.File != file)
            loaded = (file, Guard(() => ReadShared(file)));
        return loaded.Lines;
    }

    private static string[] ReadShared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Split('\n');
    }

    private static JournalLine? Parse(string line)
    {
        try
        {
            var read = line.Length == 0 ? null : JsonSerializer.Deserialize(line, JournalJson.Default.JournalLine);
            return read is { Run: not null, Event: not null } ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--directory: {e.Message}");
        }
    }

    private sealed record Part(string File, int Begin, int End, JournalLine First);
}
