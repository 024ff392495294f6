using System.Collections;
using System.CommandLine;
using BeBiDa.Cli.ResourceManagers;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl hook</c>: the hand-over as a resource manager's prolog and epilog; Slurm's where it cannot load plugins.</summary>
internal static class HookCommand
{
    private const string Examples = """
        # In slurm.conf, where the plugin cannot be loaded; each script is a shebang line and one more:
        #   PrologSlurmctld=/etc/slurm/bebida-prolog.sh   ->  exec bebidactl hook prolog
        #   EpilogSlurmctld=/etc/slurm/bebida-epilog.sh   ->  exec bebidactl hook epilog
        bebidactl hook prolog --log /var/log/slurm/bebida.log
        """;

    private const string PrologExamples = """
        # As PrologSlurmctld, where slurmctld sets the variables
        exec bebidactl hook prolog --log /var/log/slurm/bebida.log

        # As Torque's prologue, or OAR's on a node
        exec bebidactl hook prolog --manager torque -- "$@"
        exec bebidactl hook prolog --manager oar -- "$@"

        # In any other resource manager's
        exec bebidactl hook prolog --cluster moab --job "$JOB" --nodes "$NODES"

        # By hand, as slurmctld would
        SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook prolog
        """;

    private const string EpilogExamples = """
        # As EpilogSlurmctld, where slurmctld sets the variables
        exec bebidactl hook epilog --log /var/log/slurm/bebida.log

        # As Torque's epilogue, or OAR's on a node
        exec bebidactl hook epilog --manager torque -- "$@"
        exec bebidactl hook epilog --manager oar -- "$@"

        # In any other resource manager's
        exec bebidactl hook epilog --cluster moab --job "$JOB" --nodes "$NODES"

        # By hand, as slurmctld would
        SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook epilog
        """;

    public static Command Create(GlobalOptions globals)
    {
        var options = new Options();
        var command = new ExemplifiedCommand(
            "hook",
            "Run as a resource manager's prolog or epilog. The job comes from its variables or arguments.",
            Examples
        )
        {
            options.Log,
        };
        command.Subcommands.Add(
            Direction(
                "prolog",
                "Take the job's nodes from Kubernetes. Fails only with controller.onFailure: requeue, so that the job is requeued.",
                PrologExamples,
                globals,
                options,
                isProlog: true
            )
        );
        command.Subcommands.Add(Direction("epilog", "Give the job's nodes back.", EpilogExamples, globals, options, isProlog: false));
        return command;
    }

    private static Command Direction(
        string name,
        string description,
        string examples,
        GlobalOptions globals,
        Options options,
        bool isProlog
    )
    {
        var command = new ExemplifiedCommand(name, description, examples)
        {
            options.Manager,
            options.Job,
            options.Nodes,
            options.Cluster,
            options.Arguments,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                Signals.UnblockInherited();
                var variables = Environment
                    .GetEnvironmentVariables()
                    .Cast<DictionaryEntry>()
                    .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
                var call = new HookCall(
                    isProlog,
                    parsed.GetValue(options.Arguments) ?? [],
                    variables,
                    parsed.GetValue(options.Job),
                    parsed.GetValue(options.Nodes),
                    parsed.GetValue(options.Cluster)
                );
                var manager = ResourceManager.All.Single(m =>
                    m.Word == (parsed.GetValue(options.Manager) ?? (call.Job is null ? "slurm" : "other"))
                );
                StreamWriter? file = null;
                try
                {
                    file = await OpenLogAsync(parsed.GetValue(options.Log), parsed.InvocationConfiguration.Error).ConfigureAwait(false);
                    var logger = new LineLog(
                        file ?? parsed.InvocationConfiguration.Error,
                        parsed.GetValue(globals.Verbose) ? LogLevel.Debug : LogLevel.Information,
                        timestamps: file is not null
                    );
                    return await HandOverAsync(manager, call, parsed.GetValue(globals.Config), logger, cancellationToken)
                        .ConfigureAwait(false)
                        ? ExitCode.Done
                        : manager.ExitCodeOf(HookFailure.NotHandedOver, call);
                }
                catch (Exception e) when (e is ConfigurationException or FormatException)
                {
                    await TellAsync(
                            e is ConfigurationException refused ? [.. refused.Problems.Select(p => p.ToString())] : [e.Message],
                            parsed.InvocationConfiguration.Error,
                            file
                        )
                        .ConfigureAwait(false);
                    return manager.ExitCodeOf(HookFailure.WrongUse, call);
                }
                catch (Exception e) when (e is ClusterException or OperationCanceledException)
                {
                    await TellAsync([e is ClusterException ? e.Message : "interrupted"], parsed.InvocationConfiguration.Error, file)
                        .ConfigureAwait(false);
                    return manager.ExitCodeOf(HookFailure.NotHandedOver, call);
                }
                finally
                {
                    if (file is not null)
                        await file.DisposeAsync().ConfigureAwait(false);
                }
            }
        );
        return command;
    }

    /// <summary>Hands over.</summary>
    /// <returns>Whether the resource manager may go on with the job.</returns>
    private static async Task<bool> HandOverAsync(
        ResourceManager manager,
        HookCall call,
        string? configuration,
        LineLog logger,
        CancellationToken cancellationToken
    )
    {
        var job = await manager.ReadAsync(call, cancellationToken).ConfigureAwait(false);
        await using var site = Site.Open(configuration, logger, manager.Presence(logger));
        var controller = site.Configuration.Controller;
        var result = await (
            call.IsProlog
                ? site.HandOvers.DecommissionAsync(job, controller.Deadline)
                : site.HandOvers.RecommissionAsync(job, controller.Deadline)
        ).ConfigureAwait(false);
        if (result.Succeeded)
            return true;
        if (!call.IsProlog || controller.OnFailure != OnFailure.Start)
            return false;
        logger.StartsAnyway(job.Number);
        return true;
    }

    // Who cannot write it logs to standard error: a missing log starts no job beside its pods.
    private static async Task<StreamWriter?> OpenLogAsync(string? path, TextWriter error)
    {
        try
        {
            return path is null ? null : LogFile.Append(path);
        }
        catch (ConfigurationException e)
        {
            await error.WriteLineAsync($"bebidactl: {e.Message}").ConfigureAwait(false);
            return null;
        }
    }

    // The log gets it too: a resource manager often throws away what its hooks print.
    private static async Task TellAsync(IReadOnlyList<string> problems, TextWriter error, StreamWriter? file)
    {
        var logger = file is null ? null : new LineLog(file, LogLevel.Error, timestamps: true);
        foreach (var problem in problems)
        {
            logger?.HookFailed(problem);
            await error.WriteLineAsync($"bebidactl: {problem}").ConfigureAwait(false);
        }
    }

    private sealed class Options
    {
        public Option<string?> Log { get; } =
            new("--log")
            {
                Description = "Append the log to this file (slurmctld discards what its scripts print)",
                HelpName = "FILE",
                Recursive = true,
            };

        public Option<string?> Manager { get; } = Words();

        public Option<JobNumber?> Job { get; } = JobNumber.Option(required: false);

        public Option<string?> Nodes { get; } =
            new("--nodes", "-n") { Description = "Nodes, if the resource manager does not name them: n1,n2 or n[1-8]", HelpName = "LIST" };

        public Option<string?> Cluster { get; } =
            new("--cluster")
            {
                Description =
                    "Cluster name for the hold, unique to this resource manager (default: $SLURM_CLUSTER_NAME, else the value of --manager)",
                HelpName = "NAME",
            };

        public Argument<string[]> Arguments { get; } =
            new("arguments") { Description = "After --: the arguments from the resource manager", Arity = ArgumentArity.ZeroOrMore };

        private static Option<string?> Words()
        {
            var words = ResourceManager.All.Select(m => m.Word).ToArray();
            var option = new Option<string?>("--manager", "-m")
            {
                Description = "Resource manager that runs this hook (default: slurm, or other with --job)",
                HelpName = string.Join('|', words),
            };
            option.AcceptOnlyFromAmong(words);
            return option;
        }
    }
}
