using System.IO.Enumeration;
using BeBiDa.Configuration;

namespace BeBiDa.Jobs;

/// <summary>Which jobs, and which of their nodes, BeBiDa hands over.</summary>
public sealed class JobPolicy(JobsConfiguration jobs, NodesConfiguration nodes)
{
    /// <summary>Why a job is none of BeBiDa's business.</summary>
    /// <returns>The reason, for the log; null when the job counts.</returns>
    public string? ReasonToLeaveAlone(Job job)
    {
        if (Matches(jobs.IgnoreNames, job.Name))
            return $"its name {job.Name} matches jobs.ignoreNames";
        if (job.Partition.Length > 0 && !Matches(jobs.Partitions, job.Partition))
            return $"its partition {job.Partition} is not in jobs.partitions";
        return null;
    }

    /// <summary>Whether the configuration lends this node to Kubernetes at all.</summary>
    /// <param name="node">Slurm's name of the node.</param>
    public bool Counts(string node) => Matches(nodes.Include, node) && !Matches(nodes.Exclude, node);

    private static bool Matches(IReadOnlyList<string> patterns, string name)
    {
        foreach (var pattern in patterns)
            // Case matters in Slurm's names of partitions and nodes.
            if (FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
                return true;
        return false;
    }
}
