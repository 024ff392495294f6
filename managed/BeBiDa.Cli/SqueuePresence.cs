using System.Globalization;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>Asks slurmctld, by squeue, which nodes an ended job has not left.</summary>
internal sealed class SqueuePresence(ILogger logger) : IJobPresence
{
    /// <inheritdoc/>
    public async Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken)
    {
        var id = job.Id.ToString(CultureInfo.InvariantCulture);
        // A job that is completing is shown with those of its nodes that have not reported their end of it yet.
        // squeue fails for a job that slurmctld has forgotten as it does without slurmctld; of all jobs, only the latter.
        var answer = await CompletingAsync(["--jobs", id], cancellationToken).ConfigureAwait(false);
        if (answer is { Output: null, IsInstalled: true })
            answer = await CompletingAsync(["--all", "--local"], cancellationToken).ConfigureAwait(false);
        if (!answer.IsInstalled)
        {
            // Another resource manager's epilog, which runs when the job is gone.
            logger.NoSqueue(job.Id, answer.Problem);
            return [];
        }
        if (answer.Output is not { } output)
        {
            logger.JobStillThere(job.Id, answer.Problem);
            return job.Nodes;
        }
        // Under the number of an array or of a heterogeneous job, slurmctld tells of all its parts.
        try
        {
            var occupied = new List<string>();
            foreach (var line in output.Split('\n'))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var number, var list, ..] && number == id)
                    occupied.AddRange(await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false));
            return occupied;
        }
        catch (ConfigurationException e)
        {
            logger.JobStillThere(job.Id, e.Message);
            return job.Nodes;
        }
    }

    private static Task<HostCommand> CompletingAsync(IReadOnlyList<string> which, CancellationToken cancellationToken) =>
        HostCommand.RunAsync("squeue", ["--noheader", "--states=completing", "--format=%A %N", .. which], cancellationToken);
}
