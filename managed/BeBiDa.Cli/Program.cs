using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using BeBiDa.Cli.Commands;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Reconciliation;

namespace BeBiDa.Cli;

/// <summary>bebidactl: wires the commands.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Runs a command line.</summary>
    /// <returns>What the process exits with.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = Commands().Parse(args);
        // Not for mistakes as such: --help is answered whatever else is missing.
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var mistake in parsed.Errors)
                await error.WriteLineAsync($"bebidactl: {mistake.Message}").ConfigureAwait(false);
            await error.WriteLineAsync($"Try 'bebidactl {CommandPath(parsed)}--help'.").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        try
        {
            return await parsed
                .InvokeAsync(
                    new InvocationConfiguration
                    {
                        EnableDefaultExceptionHandler = false,
                        Output = output,
                        Error = error,
                    }
                )
                .ConfigureAwait(false);
        }
        catch (ConfigurationException e)
        {
            foreach (var problem in e.Problems)
                await error.WriteLineAsync($"bebidactl: {problem}").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is ClusterException or JobsUnknownException)
        {
            await error.WriteLineAsync($"bebidactl: {e.Message}").ConfigureAwait(false);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("bebidactl: interrupted").ConfigureAwait(false);
            return ExitCode.Failed;
        }
    }

    private static RootCommand Commands()
    {
        var globals = new GlobalOptions();
        var root = new RootCommand("Lends the idle nodes of a Slurm cluster to Kubernetes, and takes them back for jobs.");
        globals.AddTo(root);
        root.Subcommands.Add(HandOverCommand.Decommission(globals));
        root.Subcommands.Add(HandOverCommand.Recommission(globals));
        root.Subcommands.Add(StatusCommand.Create(globals));
        root.Subcommands.Add(TimelineCommand.Create(globals));
        root.Subcommands.Add(ForecastCommand.Create(globals));
        root.Subcommands.Add(ReportCommand.Create());
        root.Subcommands.Add(RecordCommand.Create(globals));
        root.Subcommands.Add(ReconcileCommand.Create(globals));
        root.Subcommands.Add(MaintenanceCommand.Create(globals));
        root.Subcommands.Add(CheckCommand.Create(globals));
        root.Subcommands.Add(HookCommand.Create(globals));
        root.Subcommands.Add(PowerCommand.Create(globals));
        root.Subcommands.Add(RbacCommand.Create());
        root.Subcommands.Add(KubeconfigCommand.Create(globals));
        root.Subcommands.Add(CompletionCommand.Create());
        HelpWithExamples.AddTo(root);
        return root;
    }

    private static string CommandPath(ParseResult parsed)
    {
        var path = "";
        for (var command = parsed.CommandResult; command.Command is not RootCommand; command = (CommandResult)command.Parent!)
            path = $"{command.Command.Name} {path}";
        return path;
    }
}
