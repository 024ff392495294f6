using BeBiDa.Jobs;

namespace BeBiDa.Reconciliation;

/// <summary>Slurm, asked for the jobs that have nodes.</summary>
public interface IJobs
{
    /// <summary>Every job of the cluster that has nodes now, whoever's it is: a job that is missing here counts as gone.</summary>
    /// <exception cref="JobsUnknownException">Slurm did not tell, or not all of it.</exception>
    Task<JobList> ListAsync(CancellationToken cancellationToken);
}

/// <summary>The jobs of a cluster that have nodes now.</summary>
/// <param name="Cluster">The cluster's name, from whoever told the jobs, as its prologs are told it: no other cluster's holds are compared with them.</param>
/// <param name="Jobs">All of them.</param>
public sealed record JobList(string Cluster, IReadOnlyList<SlurmJob> Jobs);

/// <summary>A job that has nodes, as Slurm tells of it.</summary>
/// <remarks>
/// Nothing here is the user's own text. The job's name, which is, decides nothing: whether a job asks to keep its nodes
/// is told only to its prolog.
/// </remarks>
/// <param name="Id">The job's own number; each array task and each component of a heterogeneous job has its own.</param>
/// <param name="User">The user's name.</param>
/// <param name="Partition">The partition that it runs in.</param>
/// <param name="Nodes">Slurm's names of its nodes, one each; of a job that is leaving, those that it has not left yet.</param>
/// <param name="Leaving">Whether it is over and still being cleaned up after (COMPLETING): its holds are its epilog's.</param>
public sealed record SlurmJob(uint Id, string User, string Partition, IReadOnlyList<string> Nodes, bool Leaving = false)
{
    /// <summary>The account that it is charged to; empty when unknown or none.</summary>
    public string Account { get; init; } = "";

    /// <summary>The job, as a hand-over of some of its nodes needs it.</summary>
    internal Job In(string cluster, IReadOnlyList<string> nodes) => new(cluster, Id, "", User, Partition, nodes) { Account = Account };
}

/// <summary>Slurm's jobs could not be read: nothing can be said of any hold.</summary>
/// <param name="message">What failed, for an admin.</param>
/// <param name="inner">What caused it.</param>
public sealed class JobsUnknownException(string message, Exception? inner = null) : Exception(message, inner);
