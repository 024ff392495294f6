using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace BeBiDa.Cli;

/// <summary>A command whose help ends with examples, as kubectl's and git's does.</summary>
internal sealed class ExemplifiedCommand(string name, string description, string examples) : Command(name, description)
{
    /// <summary>A comment and a line to type, as often as it takes.</summary>
    public string Examples { get; } = examples;
}

/// <summary>Ends a command's help with its examples.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <summary>Puts it in the place of the library's help.</summary>
    public static void AddTo(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
    }

    // Whoever asks for help has not got the rest right yet.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExemplifiedCommand { Examples: var examples })
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in examples.Split('\n'))
                output.WriteLine(line.Length > 0 ? $"  {line}" : "");
            output.WriteLine();
        }
        return code;
    }
}
