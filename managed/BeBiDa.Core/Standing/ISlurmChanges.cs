namespace BeBiDa.Standing;

/// <summary>Slurm, told to change the state of its nodes.</summary>
public interface ISlurmChanges
{
    /// <summary>Drains nodes.</summary>
    /// <param name="nodes">Slurm's names of them.</param>
    /// <param name="reason">The reason that Slurm shows.</param>
    /// <param name="cancellationToken">Ends the wait; they may be drained all the same.</param>
    /// <returns>Why Slurm refused, in a line; null where it did not.</returns>
    Task<string?> DrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken);

    /// <summary>Ends DRAIN, and nothing else: a node that is DOWN stays so.</summary>
    /// <inheritdoc cref="DrainAsync"/>
    Task<string?> UndrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken);
}
