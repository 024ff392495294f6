namespace BeBiDa.Jobs;

/// <summary>The resource manager, asked whether a job that is over has left its nodes.</summary>
/// <remarks>
/// Slurm calls its controller's epilog when it begins to end a job: the job's processes may then still be there for as
/// long as KillWait, and the nodes' epilogs are yet to come.
/// </remarks>
public interface IJobPresence
{
    /// <summary>Whether a node of an ended job still ends its processes or cleans up after it; true also when that cannot be told now.</summary>
    Task<bool> IsOnItsNodesAsync(Job job, CancellationToken cancellationToken);
}

/// <summary>Where whoever gives the nodes back knows that the job has left them.</summary>
public sealed class JobsHaveLeft : IJobPresence
{
    /// <inheritdoc/>
    public Task<bool> IsOnItsNodesAsync(Job job, CancellationToken cancellationToken) => Task.FromResult(false);
}
