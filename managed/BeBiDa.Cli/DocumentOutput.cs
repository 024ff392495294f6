using System.CommandLine;
using BeBiDa.Configuration;

namespace BeBiDa.Cli;

/// <summary>Where a report or a forecast goes, and in which form.</summary>
/// <param name="Format">The form: text, json, csv or html.</param>
/// <param name="File">The file; null for standard output.</param>
internal sealed record DocumentOutput(string Format, string? File)
{
    /// <summary>A table, to standard output.</summary>
    public static DocumentOutput Table { get; } = new("text", null);

    private static readonly string[] Formats = ["text", "json", "csv", "html"];

    /// <summary>The option <c>--output</c>.</summary>
    public static Option<DocumentOutput> Option()
    {
        var option = new Option<DocumentOutput>("--output", "-o")
        {
            Description = "Format of the result (default: text), or a file whose name ends in .html, .csv, .json or .txt",
            HelpName = "text|json|csv|html|FILE",
            CustomParser = result => Of(result.Tokens is [{ Value: var value }] ? value : "") ?? Refuse(result),
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(Formats);
        return option;

        static DocumentOutput? Refuse(System.CommandLine.Parsing.ArgumentResult result)
        {
            result.AddError("--output takes text, json, csv or html, or a file that ends in .html, .csv, .json or .txt");
            return null;
        }
    }

    /// <summary>Writes it.</summary>
    /// <param name="make">Makes the document, in one of the forms.</param>
    /// <param name="output">Standard output.</param>
    /// <exception cref="ConfigurationException">The file cannot be written.</exception>
    public async Task WriteAsync(Func<string, string> make, TextWriter output)
    {
        var text = make(Format);
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

    private static DocumentOutput? Of(string value) =>
        Formats.Contains(value)
            ? new DocumentOutput(value, null)
            : Path.GetExtension(value) switch
            {
                ".html" or ".htm" => new DocumentOutput("html", value),
                ".csv" => new DocumentOutput("csv", value),
                ".json" => new DocumentOutput("json", value),
                ".txt" => new DocumentOutput("text", value),
                _ => null,
            };
}
