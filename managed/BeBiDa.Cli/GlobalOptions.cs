using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>What is printed.</summary>
internal enum OutputFormat
{
    /// <summary>Words and tables, for people.</summary>
    Text,

    /// <summary>JSON, for programs.</summary>
    Json,

    /// <summary>Values with commas between them, for spreadsheets.</summary>
    Csv,
}

/// <summary>The options that every command takes.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Config { get; } =
        new("--config", "-c")
        {
            Description = $"Configuration file (default: $BEBIDA_CONFIG, else {Configuration.ConfigurationFile.DefaultPath})",
            HelpName = "FILE",
            Recursive = true,
        };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Log each step, node by node", Recursive = true };

    /// <summary>For the commands that print a result.</summary>
    public Option<OutputFormat> Output { get; } = Format(OutputFormat.Text, OutputFormat.Json);

    public void AddTo(Command root)
    {
        root.Options.Add(Config);
        root.Options.Add(Verbose);
    }

    /// <summary>The log of a command: errors only, unless asked for more.</summary>
    public ILogger Log(ParseResult parsed) =>
        new LineLog(Console.Error, parsed.GetValue(Verbose) ? LogLevel.Debug : LogLevel.Error, timestamps: false);

    /// <summary>The option <c>--output</c> of a command.</summary>
    /// <param name="formats">What it prints; text is the default.</param>
    public static Option<OutputFormat> Format(params OutputFormat[] formats)
    {
        var names = formats.ToDictionary(format => format.ToString().ToLowerInvariant(), format => format);
        var option = new Option<OutputFormat>("--output", "-o")
        {
            Description = "Format of the result",
            HelpName = string.Join('|', names.Keys),
            CustomParser = result =>
            {
                if (result.Tokens is [{ Value: var name }] && names.TryGetValue(name, out var format))
                    return format;
                result.AddError($"--output takes {string.Join(", ", names.Keys.SkipLast(1))} or {names.Keys.Last()}");
                return OutputFormat.Text;
            },
        };
        // In the place of the enumeration's own names, which are not what is typed.
        option.CompletionSources.Clear();
        option.CompletionSources.Add([.. names.Keys]);
        return option;
    }
}
