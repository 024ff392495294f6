using System.ComponentModel;
using System.Globalization;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>Asks slurmctld, by squeue, which nodes an ended job has not left.</summary>
internal sealed class SqueuePresence(ILogger logger) : IJobPresence
{
    /// <inheritdoc/>
    public async Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken)
    {
        var id = job.Id.ToString(CultureInfo.InvariantCulture);
        BufferedCommandResult result;
        try
        {
            // A job that is completing is shown with those of its nodes that have not reported their end of it yet.
            result = await CliWrap
                .Cli.Wrap("squeue")
                .WithArguments(["--noheader", "--states=completing", "--jobs", id, "--format=%A %N"])
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Win32Exception e)
        {
            // Another resource manager's epilog, which runs when the job is gone.
            logger.LogDebug("job {Job}: no squeue to ask whether it is still on its nodes: {Cause}", job.Id, e.Message);
            return [];
        }
        if (result.ExitCode != 0 && !result.StandardError.Contains("Invalid job id", StringComparison.Ordinal))
        {
            logger.LogDebug("job {Job}: squeue: {Cause}", job.Id, result.StandardError.Trim());
            return job.Nodes;
        }
        // Under the number of an array or of a heterogeneous job, slurmctld tells of all its parts.
        try
        {
            var occupied = new List<string>();
            foreach (var line in result.StandardOutput.Split('\n'))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var number, var list, ..] && number == id)
                    occupied.AddRange(await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false));
            return occupied;
        }
        catch (ConfigurationException e)
        {
            logger.LogDebug("job {Job}: {Cause}", job.Id, e.Message);
            return job.Nodes;
        }
    }
}
