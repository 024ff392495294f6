using System.CommandLine;
using BeBiDa.Accounts;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Reports;

/// <summary>Where a report goes, and in which form.</summary>
/// <param name="Format">The form: text, json, csv or html.</param>
/// <param name="File">The file; null for standard output.</param>
internal sealed record ReportOutput(string Format, string? File)
{
    /// <summary>A table, to standard output.</summary>
    public static ReportOutput Table { get; } = new("text", null);

    private static readonly string[] Formats = ["text", "json", "csv", "html"];

    /// <summary>The option <c>--output</c>.</summary>
    public static Option<ReportOutput> Option()
    {
        var option = new Option<ReportOutput>("--output", "-o")
        {
            Description = "Format of the report (default: text), or a file whose name ends in .html, .csv, .json or .txt",
            HelpName = "text|json|csv|html|FILE",
            CustomParser = result => Of(result.Tokens is [{ Value: var value }] ? value : "") ?? Refuse(result),
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(Formats);
        return option;

        static ReportOutput? Refuse(System.CommandLine.Parsing.ArgumentResult result)
        {
            result.AddError("--output takes text, json, csv or html, or a file that ends in .html, .csv, .json or .txt");
            return null;
        }
    }

    /// <summary>Writes a report.</summary>
    /// <param name="account">The report.</param>
    /// <param name="zone">The zone of its times.</param>
    /// <param name="output">Standard output.</param>
    /// <exception cref="ConfigurationException">The file cannot be written.</exception>
    public async Task WriteAsync(Account account, TimeZoneInfo zone, TextWriter output)
    {
        var text = Format switch
        {
            "json" => ReportText.Json(account),
            "csv" => ReportText.Csv(account),
            "html" => ReportPage.Of(account, zone),
            _ => ReportText.Table(account, zone),
        };
        if (File is null)
        {
            await output.WriteAsync(text).ConfigureAwait(false);
            return;
        }
        try
        {
            await System.IO.File.WriteAllTextAsync(File, text).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--output: {e.Message}");
        }
    }

    private static ReportOutput? Of(string value) =>
        Formats.Contains(value)
            ? new ReportOutput(value, null)
            : Path.GetExtension(value) switch
            {
                ".html" or ".htm" => new ReportOutput("html", value),
                ".csv" => new ReportOutput("csv", value),
                ".json" => new ReportOutput("json", value),
                ".txt" => new ReportOutput("text", value),
                _ => null,
            };
}
