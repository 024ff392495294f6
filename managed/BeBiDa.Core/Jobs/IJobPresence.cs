namespace BeBiDa.Jobs;

/// <summary>The resource manager, asked which of its nodes a job that is over has left.</summary>
/// <remarks>
/// Slurm calls its controller's epilog when it begins to end a job: the job's processes may then still be there for as
/// long as KillWait, and the nodes' epilogs are yet to come. Each node is free when its own epilog has ended.
/// </remarks>
public interface IJobPresence
{
    /// <summary>The nodes of an ended job that still end its processes or clean up after it.</summary>
    /// <returns>Slurm's names; all of the job's nodes when that cannot be told now.</returns>
    Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken);
}

/// <summary>Where whoever gives the nodes back knows that the job has left them.</summary>
public sealed class JobsHaveLeft : IJobPresence
{
    /// <inheritdoc/>
    public Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyCollection<string>>([]);
}
