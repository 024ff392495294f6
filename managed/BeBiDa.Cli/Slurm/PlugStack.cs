using System.IO.Enumeration;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Slurm;

/// <summary>A line of plugstack.conf.</summary>
/// <param name="Place">Where it stands: <c>file:line</c>.</param>
/// <param name="IsRequired">Whether Slurm's commands fail without it.</param>
/// <param name="Plugin">The plugin, with or without its folder.</param>
/// <param name="Arguments">What stands behind it.</param>
internal sealed record PlugStackLine(string Place, bool IsRequired, string Plugin, IReadOnlyList<string> Arguments);

/// <summary>plugstack.conf with the files that it includes (spank(7)).</summary>
internal static class PlugStack
{
    private const int Deepest = 16;

    /// <summary>Its lines, in order.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static IReadOnlyList<PlugStackLine> Read(string path)
    {
        var lines = new List<PlugStackLine>();
        Read(path, lines, 0);
        return lines;
    }

    private static void Read(string path, List<PlugStackLine> into, int depth)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {e.Message}");
        }
        for (var i = 0; i < lines.Length; i++)
        {
            switch (lines[i].Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                case ["include", var pattern] when depth < Deepest:
                    foreach (var included in Matching(Path.GetFullPath(pattern, Path.GetDirectoryName(Path.GetFullPath(path))!)))
                        Read(included, into, depth + 1);
                    break;
                case [("required" or "optional") and var kind, var plugin, .. var arguments]:
                    into.Add(new PlugStackLine($"{path}:{i + 1}", kind == "required", plugin, arguments));
                    break;
            }
        }
    }

    // As glob(3) has it, in the last part.
    private static IEnumerable<string> Matching(string pattern)
    {
        var folder = Path.GetDirectoryName(pattern)!;
        return Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder)
                .Where(file => FileSystemName.MatchesSimpleExpression(Path.GetFileName(pattern), Path.GetFileName(file), ignoreCase: false))
                .Order(StringComparer.Ordinal)
            : [];
    }
}
