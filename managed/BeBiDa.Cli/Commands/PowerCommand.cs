using System.CommandLine;
using BeBiDa.Cli.Power;
using BeBiDa.Configuration;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl power</c>: what the programs in /usr/libexec/bebida call before Slurm switches machines off or on, or reboots them.</summary>
internal static class PowerCommand
{
    private const string Examples = """
        # In slurm.conf: the packaged programs call this command, and then your own, which bebida.yaml names
        #   SuspendProgram=/usr/libexec/bebida/suspend-program
        #   ResumeProgram=/usr/libexec/bebida/resume-program
        #   RebootProgram=/usr/libexec/bebida/reboot-program
        # What they do before that, by hand
        bebidactl power suspend --nodes 'n[1-8]'
        """;

    public static Command Create(GlobalOptions globals)
    {
        var command = new ExemplifiedCommand(
            "power",
            "Hold nodes, and have their pods leave, before Slurm's power saving or a reboot ends their machines.",
            Examples
        );
        command.Subcommands.Add(
            Create(
                "suspend",
                "Hold nodes that will be switched off, and wait until their pods have left, for at most slurm.powerTimeout.",
                globals,
                NodeConditions.Power
            )
        );
        command.Subcommands.Add(
            Create("resume", "Hold nodes that are switched on, until Slurm can use them.", globals, NodeConditions.Power)
        );
        command.Subcommands.Add(
            Create(
                "reboot",
                "The same as suspend, before a reboot. Without --nodes, on the node: wait until no pod's process is left.",
                globals,
                NodeConditions.Reboot
            )
        );
        command.Subcommands.Add(Program(globals));
        return command;
    }

    private static Command Create(string name, string description, GlobalOptions globals, NodeConditions condition)
    {
        var nodes = new Option<string?>("--nodes", "-n")
        {
            Description = "Nodes, by Slurm's names: n1,n2 or n[1-8]",
            HelpName = "LIST",
            Required = condition != NodeConditions.Reboot,
        };
        var command = new Command(name, description) { nodes };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                // slurmctld's children begin with its blocked signals.
                Signals.UnblockInherited();
                var logger = new LineLog(
                    parsed.InvocationConfiguration.Error,
                    parsed.GetValue(globals.Verbose) ? LogLevel.Debug : LogLevel.Information,
                    timestamps: false
                );
                var file = parsed.GetValue(globals.Config);
                var problem = parsed.GetValue(nodes) is { } list
                    ? await NodesBeforePower.LeaveAsync(file, list, condition, logger, cancellationToken).ConfigureAwait(false)
                    : await LocalPods.WaitAsync(Load(file), cancellationToken).ConfigureAwait(false);
                if (problem is null)
                    return ExitCode.Done;
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"bebidactl: {problem}").ConfigureAwait(false);
                return ExitCode.Failed;
            }
        );
        return command;
    }

    private static Command Program(GlobalOptions globals)
    {
        var which = new Argument<string>("program") { Description = "Which one", HelpName = "suspend|resume|reboot" };
        which.AcceptOnlyFromAmong("suspend", "resume", "reboot");
        var command = new Command("program", "Print the path of the site's own program, as bebida.yaml names it.") { which };
        command.SetAction(parsed =>
        {
            var (word, slurm) = (parsed.GetValue(which)!, Load(parsed.GetValue(globals.Config)).Slurm);
            var path = word switch
            {
                "suspend" => slurm.SuspendProgram,
                "resume" => slurm.ResumeProgram,
                _ => slurm.RebootProgram,
            };
            if (path.Length == 0)
                throw new ConfigurationException(
                    $"{parsed.GetValue(globals.Config) ?? ConfigurationFile.Path}: slurm.{word}Program is not set: no machine is changed; set it to your own program"
                );
            parsed.InvocationConfiguration.Output.WriteLine(path);
            return ExitCode.Done;
        });
        return command;
    }

    // A node has no credential.
    private static BebidaConfiguration Load(string? file) => ConfigurationFile.Load(file ?? ConfigurationFile.Path, kubernetes: false);
}
