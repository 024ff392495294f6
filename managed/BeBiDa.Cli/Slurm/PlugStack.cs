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
    /// <summary>Its lines, in order.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static IReadOnlyList<PlugStackLine> Read(string path)
    {
        var plugins = new List<PlugStackLine>();
        foreach (var line in ConfLines.Read(path, Matching))
            if (
                line.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                is [("required" or "optional") and var kind, var plugin, .. var arguments]
            )
                plugins.Add(new PlugStackLine(line.Place, kind == "required", plugin, arguments));
        return plugins;
    }

    // As glob(3) has it, in the last part; what matches nothing is no mistake.
    private static IEnumerable<string> Matching(string file, string pattern)
    {
        pattern = Path.GetFullPath(pattern, Path.GetDirectoryName(Path.GetFullPath(file))!);
        var folder = Path.GetDirectoryName(pattern)!;
        return Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder)
                .Where(other =>
                    FileSystemName.MatchesSimpleExpression(Path.GetFileName(pattern), Path.GetFileName(other), ignoreCase: false)
                )
                .Order(StringComparer.Ordinal)
            : [];
    }
}
