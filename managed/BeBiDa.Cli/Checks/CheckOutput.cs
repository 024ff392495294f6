using System.Text.Json;
using Spectre.Console;

namespace BeBiDa.Cli.Checks;

/// <summary>What is wrong with a site, for programs.</summary>
internal sealed record CheckJson(
    string Host,
    IReadOnlyList<HostRole> Roles,
    int Errors,
    int Warnings,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<string> Checked,
    IReadOnlyList<string> Skipped
);

/// <summary>Prints what was found.</summary>
internal static class CheckOutput
{
    public static void Print(Findings findings, IReadOnlyList<HostRole> roles, OutputFormat format)
    {
        var errors = findings.All.Count(finding => finding.Severity == Severity.Error);
        var warnings = findings.All.Count - errors;
        if (format == OutputFormat.Json)
        {
            Console.Out.WriteLine(
                JsonSerializer.Serialize(
                    new CheckJson(Environment.MachineName, roles, errors, warnings, findings.All, findings.Looked, findings.Skipped),
                    OutputJson.Default.CheckJson
                )
            );
            return;
        }
        // A line that is to be copied is never broken.
        AnsiConsole.Profile.Width = int.MaxValue / 2;
        foreach (var finding in findings.All)
        {
            AnsiConsole.MarkupLineInterpolated($"{(finding.Severity == Severity.Error ? "error" : "warning")}: {finding.What}");
            Line("why", finding.Why);
            Line("write", finding.Write);
            Line("where", finding.Where);
            Line("check", finding.Check);
            AnsiConsole.WriteLine();
        }
        foreach (var skipped in findings.Skipped)
            AnsiConsole.MarkupLineInterpolated($"not checked: {skipped}");
        var looked =
            $"checked on this {string.Join(" and ", roles.Select(role => role == HostRole.Controller ? "controller" : "node"))}: {string.Join(", ", findings.Looked.Distinct())}";
        AnsiConsole.MarkupLineInterpolated(
            errors + warnings == 0
                ? $"no problems found; {looked}"
                : (FormattableString)$"{Count(errors, "error")}, {Count(warnings, "warning")}; {looked}"
        );
    }

    private static void Line(string name, string value) => AnsiConsole.MarkupLineInterpolated($"  {name + ":", -7}{value}");

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
