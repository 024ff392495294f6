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
    public static Command Create(GlobalOptions globals)
    {
        var options = new Options();
        var command = new Command(
            "hook",
            "Be a resource manager's prolog or epilog: the job is read from the variables or arguments that it gives."
        )
        {
            options.Log,
        };
        command.Subcommands.Add(
            Direction(
                "prolog",
                "Take the job's nodes from Kubernetes. Fails only where controller.onFailure is requeue, and then as the resource manager has a job requeued.",
                globals,
                options,
                isProlog: true
            )
        );
        command.Subcommands.Add(Direction("epilog", "Give the job's nodes back.", globals, options, isProlog: false));
        return command;
    }

    private static Command Direction(string name, string description, GlobalOptions globals, Options options, bool isProlog)
    {
        var command = new Command(name, description) { options.Manager, options.Job, options.Nodes, options.Cluster, options.Arguments };
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
                    file = parsed.GetValue(options.Log) is { } path ? LogFile.Append(path) : null;
                    var logger = new LineLog(
                        file ?? Console.Error,
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
                            file
                        )
                        .ConfigureAwait(false);
                    return manager.ExitCodeOf(HookFailure.WrongUse, call);
                }
                catch (Exception e) when (e is ClusterException or OperationCanceledException)
                {
                    await TellAsync([e is ClusterException ? e.Message : "interrupted"], file).ConfigureAwait(false);
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

    // The log gets it too: a resource manager often throws away what its hooks print.
    private static async Task TellAsync(IReadOnlyList<string> problems, StreamWriter? file)
    {
        var logger = file is null ? null : new LineLog(file, LogLevel.Error, timestamps: true);
        foreach (var problem in problems)
        {
            logger?.HookFailed(problem);
            await Console.Error.WriteLineAsync($"bebidactl: {problem}").ConfigureAwait(false);
        }
    }

    private sealed class Options
    {
        public Option<string?> Log { get; } =
            new("--log")
            {
                Description = "Append the log to this file; slurmctld, for one, throws away what its scripts print",
                HelpName = "FILE",
                Recursive = true,
            };

        public Option<string?> Manager { get; } = Words();

        public Option<JobNumber?> Job { get; } = JobNumber.Option(required: false);

        public Option<string?> Nodes { get; } =
            new("--nodes", "-n")
            {
                Description =
                    "The nodes, where the resource manager does not tell them itself: with commas or as Slurm writes them (n[1-8])",
                HelpName = "LIST",
            };

        public Option<string?> Cluster { get; } =
            new("--cluster")
            {
                Description =
                    "The cluster's name on the hold; no two resource managers may share one ($SLURM_CLUSTER_NAME, or the word of --manager)",
                HelpName = "NAME",
            };

        public Argument<string[]> Arguments { get; } =
            new("arguments")
            {
                Description = "After --: the arguments that the resource manager gave its hook",
                Arity = ArgumentArity.ZeroOrMore,
            };

        private static Option<string?> Words()
        {
            var words = ResourceManager.All.Select(m => m.Word).ToArray();
            var option = new Option<string?>("--manager", "-m")
            {
                Description = "Whose hook it is (slurm, or with --job: other)",
                HelpName = string.Join('|', words),
            };
            option.AcceptOnlyFromAmong(words);
            return option;
        }
    }
}
