using BeBiDa.Configuration;

namespace BeBiDa.Cli.Slurm;

/// <summary>A line of a configuration file of Slurm's, without its comment.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">Where the line begins, from 1.</param>
/// <param name="Text">What it says, with the lines that it is continued on.</param>
internal readonly record struct ConfLine(string File, int Number, string Text)
{
    /// <summary>Where it stands: <c>file:line</c>.</summary>
    public string Place => $"{File}:{Number}";
}

/// <summary>Reads slurm.conf, plugstack.conf and the files that they include.</summary>
internal static class ConfLines
{
    // Files that include one another are Slurm's to refuse.
    private const int Deepest = 16;

    /// <summary>The lines of a file, with those of another one in the place of each include.</summary>
    /// <param name="path">The file.</param>
    /// <param name="include">The files that are meant by a file that includes, and what it writes there.</param>
    /// <exception cref="ConfigurationException">One cannot be read.</exception>
    public static IEnumerable<ConfLine> Read(string path, Func<string, string, IEnumerable<string>> include) => Read(path, include, 0);

    private static IEnumerable<ConfLine> Read(string path, Func<string, string, IEnumerable<string>> include, int depth)
    {
        foreach (var line in Lines(path))
            if (line.Text.Split((char[]?)null, 2, StringSplitOptions.TrimEntries) is [var word, var named] && IsInclude(word))
            {
                if (depth < Deepest)
                    foreach (var included in include(path, named).SelectMany(file => Read(file, include, depth + 1)))
                        yield return included;
            }
            else if (line.Text.Length > 0)
                yield return line;
    }

    private static bool IsInclude(string word) => word.Equals("include", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<ConfLine> Lines(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(new ConfigurationProblem(e.Message) { File = path });
        }
        for (var i = 0; i < lines.Length; i++)
        {
            var first = i;
            var text = WithoutComment(lines[i]);
            while (text.EndsWith('\\') && i + 1 < lines.Length)
                text = text[..^1] + WithoutComment(lines[++i]);
            yield return new ConfLine(path, first + 1, text);
        }
    }

    // An escaped # begins no comment.
    private static string WithoutComment(string line)
    {
        for (var at = line.IndexOf('#', StringComparison.Ordinal); at >= 0; at = line.IndexOf('#', at + 1))
            if (at == 0 || line[at - 1] != '\\')
                return line[..at].Trim();
        return line.Trim();
    }
}
