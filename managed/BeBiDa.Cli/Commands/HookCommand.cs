using System.Collections;
using System.CommandLine;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl hook</c>: the hand-over as PrologSlurmctld and EpilogSlurmctld, for sites that cannot load plugins.</summary>
internal static class HookCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var log = new Option<string?>("--log") { Description = "Append the log to this file; slurmctld throws away what its scripts print", HelpName = "FILE", Recursive = true };
        var command = new Command("hook", "Be a resource manager's prolog or epilog: the job is read from Slurm's environment variables.") { log };
        command.Subcommands.Add(Direction("prolog", "Be PrologSlurmctld: take the job's nodes from Kubernetes. Exits 1 only where controller.onFailure is requeue.", globals, log, isProlog: true));
        command.Subcommands.Add(Direction("epilog", "Be EpilogSlurmctld: give the job's nodes back.", globals, log, isProlog: false));
        return command;
    }

    private static Command Direction(string name, string description, GlobalOptions globals, Option<string?> log, bool isProlog)
    {
        var command = new Command(name, description);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Signals.UnblockInherited();
            await using var file = Append(parsed.GetValue(log));
            var logger = new LineLog(file ?? Console.Error, parsed.GetValue(globals.Verbose) ? LogLevel.Debug : LogLevel.Information, timestamps: file is not null);
            try
            {
                var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
                var job = Job.FromEnvironment(variables, await NodeList.ExpandAsync(variables.GetValueOrDefault("SLURM_JOB_NODELIST", ""), cancellationToken).ConfigureAwait(false));
                await using var site = Site.Open(parsed.GetValue(globals.Config), logger, new SqueuePresence(logger));
                var controller = site.Configuration.Controller;
                var result = await (isProlog ? site.HandOvers.DecommissionAsync(job, controller.Deadline) : site.HandOvers.RecommissionAsync(job, controller.Deadline)).ConfigureAwait(false);
                if (result.Succeeded)
                    return ExitCode.Done;
                if (isProlog && controller.OnFailure == OnFailure.Start)
                {
                    logger.LogError("job {Job} starts all the same (controller.onFailure is start)", job.Id);
                    return ExitCode.Done;
                }
                return ExitCode.Failed;
            }
            catch (FormatException e)
            {
                throw new ConfigurationException(e.Message);
            }
            catch (ConfigurationException e) when (file is not null)
            {
                foreach (var problem in e.Problems)
                    logger.LogError("{Problem}", problem);
                throw;
            }
        });
        return command;
    }

    private static StreamWriter? Append(string? path)
    {
        try
        {
            return path is null ? null : new StreamWriter(path, append: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"--log: {e.Message}");
        }
    }
}
