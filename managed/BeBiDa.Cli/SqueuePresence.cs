using System.ComponentModel;
using System.Globalization;
using BeBiDa.Jobs;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli;

/// <summary>Asks slurmctld, by squeue, whether a job is still on its nodes.</summary>
internal sealed class SqueuePresence(ILogger logger) : IJobPresence
{
    /// <inheritdoc/>
    public async Task<bool> IsOnItsNodesAsync(Job job, CancellationToken cancellationToken)
    {
        var id = job.Id.ToString(CultureInfo.InvariantCulture);
        BufferedCommandResult result;
        try
        {
            // A job that is completing is shown with those of its nodes that have not reported their end of it yet.
            result = await CliWrap.Cli.Wrap("squeue").WithArguments(["--noheader", "--states=completing", "--jobs", id, "--format=%A %N"]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Win32Exception e)
        {
            // Another resource manager's epilog, which runs when the job is gone.
            logger.LogDebug("job {Job}: no squeue to ask whether it is still on its nodes: {Cause}", job.Id, e.Message);
            return false;
        }
        if (result.ExitCode != 0 && !result.StandardError.Contains("Invalid job id", StringComparison.Ordinal))
        {
            logger.LogDebug("job {Job}: squeue: {Cause}", job.Id, result.StandardError.Trim());
            return true;
        }
        // Under the number of an array or of a heterogeneous job, slurmctld tells of all its parts.
        return result.StandardOutput.Split('\n').Any(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var number, _, ..] && number == id);
    }
}
