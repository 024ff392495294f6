using System.Text;

namespace BeBiDa.Bench;

/// <summary>The page that the command writes.</summary>
internal static class Document
{
    /// <summary>Puts it together.</summary>
    /// <param name="machine">The machine and the versions of what ran on it.</param>
    /// <param name="sections">The results.</param>
    /// <param name="tried">What was tried, by hand: tests/bench/tried.md.</param>
    /// <param name="plot">Whether there is a plot.</param>
    public static string Write(IReadOnlyList<string> machine, IReadOnlyList<Section> sections, string tried, bool plot)
    {
        var text = new StringBuilder();
        Line("# Performance");
        Line("<!-- Written by tests/bench/bench.sh, and by nothing else. -->");
        Line("Each figure stands beside its peer's, measured in the same run, in turn. All are medians.");
        Line("`sudo tests/bench/bench.sh` measures all of it and writes this page.");
        Line("");
        foreach (var fact in machine)
            Line($"- {fact}");
        Line("");
        Line("## Targets");
        Line("| what | target | found | |");
        Line("|---|---|---|---|");
        foreach (var target in sections.SelectMany(s => s.Targets))
            Line($"| {target.What} | {target.Goal} | {target.Found} | {(target.Met ? "met" : "**missed**")} |");
        Line("");
        foreach (var missed in sections.SelectMany(s => s.Targets).Where(t => !t.Met && t.Why.Length > 0).GroupBy(t => t.Why))
            Line($"- Missed: {string.Join("; ", missed.Select(t => t.What))}: {missed.Key}.");
        Line("");
        if (plot)
        {
            Line("![Seconds until the nodes of a job are taken, over the number of nodes](images/performance.svg)");
            Line("");
        }
        foreach (var section in sections)
        {
            Line($"## {section.Title}");
            Line($"*{section.Circumstances}*");
            Line("");
            foreach (var line in section.Lines)
                Line(line);
        }
        Line(tried.TrimEnd());
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }
}
