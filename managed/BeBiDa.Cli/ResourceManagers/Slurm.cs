using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>Slurm's PrologSlurmctld and EpilogSlurmctld: all is in variables (slurm.schedmd.com/prolog_epilog.html).</summary>
internal sealed class Slurm() : ResourceManager("slurm", "Slurm")
{
    /// <inheritdoc/>
    public override async Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken)
    {
        if (call.Arguments.Count > 0 || call.Job is not null)
            throw new FormatException(
                $"'{(call.Job is null ? call.Argument(1) : "--job")}': Slurm passes everything in variables; for another resource manager use --manager (bebidactl hook {(call.IsProlog ? "prolog" : "epilog")} --help)"
            );
        var variables = call.Cluster is null
            ? call.Environment
            : new Dictionary<string, string>(call.Environment, StringComparer.Ordinal) { ["SLURM_CLUSTER_NAME"] = call.Cluster };
        return Job.FromEnvironment(
            variables,
            await NodeList.ExpandAsync(call.Nodes ?? call.Variable("SLURM_JOB_NODELIST"), cancellationToken).ConfigureAwait(false)
        );
    }

    /// <summary>Whatever is not 0 requeues a batch job, ends an interactive one, and is only logged after an epilog.</summary>
    public override int ExitCodeOf(HookFailure failure, HookCall call) =>
        failure == HookFailure.WrongUse ? ExitCode.Usage : ExitCode.Failed;

    /// <summary>slurmctld's epilog runs when it begins to end a job.</summary>
    public override IJobPresence Presence(ILogger logger) => new SqueuePresence(logger);
}
