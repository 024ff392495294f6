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
    public Option<OutputFormat> Output { get; } = Format();

    public void AddTo(Command root)
    {
        root.Options.Add(Config);
        root.Options.Add(Verbose);
    }

    /// <summary>The log of a command: errors only, unless asked for more.</summary>
    public ILogger Log(ParseResult parsed) =>
        new LineLog(Console.Error, parsed.GetValue(Verbose) ? LogLevel.Debug : LogLevel.Error, timestamps: false);

    private static Option<OutputFormat> Format()
    {
        var option = new Option<OutputFormat>("--output", "-o")
        {
            Description = "Format of the result",
            HelpName = "text|json",
            CustomParser = result =>
                result.Tokens switch
                {
                    [{ Value: "json" }] => OutputFormat.Json,
                    [{ Value: "text" }] => OutputFormat.Text,
                    _ => Refuse(result),
                },
        };
        // In the place of the enumeration's own names, which are not what is typed.
        option.CompletionSources.Clear();
        option.CompletionSources.Add("text", "json");
        return option;

        static OutputFormat Refuse(System.CommandLine.Parsing.ArgumentResult result)
        {
            result.AddError("--output takes text or json");
            return OutputFormat.Text;
        }
    }
}
