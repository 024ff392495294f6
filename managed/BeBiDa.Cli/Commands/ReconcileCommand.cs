using System.CommandLine;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl reconcile</c>: makes the holds agree with Slurm's jobs.</summary>
internal static class ReconcileCommand
{
    private const string Examples = """
        # What does not agree with Slurm's jobs, and what would be done about it
        bebidactl reconcile --dry-run

        # Repair it, and tell a program what was done
        bebidactl reconcile --output json | jq -r '.repairs[] | select(.done) | .node'
        """;

    public static Command Create(GlobalOptions globals)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would be done" };
        var command = new ExemplifiedCommand(
            "reconcile",
            "Compare all holds with Slurm's jobs and its nodes' states: release those that nothing asks for, and restore lost ones.",
            Examples
        )
        {
            dryRun,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var logger = globals.Log(parsed);
                await using var site = Site.Open(parsed.GetValue(globals.Config), logger);
                var jobs = await SqueueJobs.ConnectAsync(cancellationToken).ConfigureAwait(false);
                await using var standing = new StandingHolds(
                    site.Cluster,
                    site.Cluster,
                    new ScontrolConditions(jobs.Cluster),
                    site.Configuration,
                    TimeProvider.System,
                    logger,
                    changes: new ScontrolChanges()
                );
                var reconciler = new Reconciler(
                    site.Cluster,
                    jobs,
                    site.Cluster,
                    site.HandOvers,
                    site.Configuration,
                    TimeProvider.System,
                    logger,
                    standing: standing
                );
                var isDry = parsed.GetValue(dryRun);
                var result = isDry
                    ? new ReconcileResult(
                        [.. (await reconciler.PlanAsync(cancellationToken).ConfigureAwait(false)).Select(r => new RepairOutcome(r, null))],
                        null
                    )
                    : await reconciler.RepairAsync(site.Configuration.Controller.Deadline, cancellationToken).ConfigureAwait(false);
                if (!isDry && result.Problem is null)
                    result = result with
                    {
                        Problem = (
                            await standing
                                .RepairAndDrainAsync(site.Configuration.Controller.Deadline, cancellationToken)
                                .ConfigureAwait(false)
                        ).Problem,
                    };
                ReconcileOutput.Print(result, jobs.Cluster, isDry, parsed.GetValue(globals.Output));
                return result.Succeeded ? ExitCode.Done : ExitCode.Failed;
            }
        );
        return command;
    }
}
