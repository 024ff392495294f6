using System.Globalization;
using System.IO.Enumeration;
using BeBiDa.Configuration;

namespace BeBiDa.Jobs;

/// <summary>Which jobs, and which of their nodes, BeBiDa hands over.</summary>
/// <remarks>
/// A job's name and its <c>SPANK_</c> variables are whatever its user writes there. So they only ask; user, group and
/// partition, which Slurm vouches for, decide.
/// </remarks>
/// <param name="jobs">The section jobs.</param>
/// <param name="nodes">The section nodes.</param>
/// <param name="groups">Who is in which group; null for what this host knows.</param>
public sealed class JobPolicy(JobsConfiguration jobs, NodesConfiguration nodes, IUserGroups? groups = null)
{
    private const int LongestShown = 64;

    private readonly IUserGroups groups = groups ?? new SystemUserGroups();

    /// <summary>Whether a job is BeBiDa's business, and whether it asks for what it does not get.</summary>
    /// <remarks>May ask a directory service for the user's groups, and wait for it as long as that takes: see <see cref="MayAskForGroups"/>.</remarks>
    /// <returns>
    /// Why it is left alone, for the log, or null when it counts; and what it is refused, for its user and the log, or null
    /// when it asks for nothing or gets it.
    /// </returns>
    public (string? LeftAlone, string? Refusal) Judge(Job job)
    {
        if (job.Partition.Length > 0 && !Matches(jobs.Partitions, job.Partition))
            return ($"its partition {job.Partition} is not in jobs.partitions", null);
        if (Wish(job) is not { } wish)
            return (null, null);
        return MayKeep(job.User, job.Partition)
            ? ($"{wish}, and jobs.mayKeep allows it", null)
            : (
                null,
                $"{wish}, which jobs.mayKeep does not allow {job.User} in partition {job.Partition}: its nodes are taken from Kubernetes all the same"
            );
    }

    /// <summary>Whether a job of such a kind may have its user's groups asked for.</summary>
    public bool MayAskForGroups(Job job) => jobs.MayKeep.Groups.Count > 0 && Wish(job) is not null;

    /// <summary>Whether the wish of such a job to leave its nodes in Kubernetes is granted.</summary>
    /// <param name="user">The user's name; empty when unknown.</param>
    /// <param name="partition">The partition; empty when unknown.</param>
    public bool MayKeep(string user, string partition) =>
        (partition.Length > 0 && Matches(jobs.MayKeep.Partitions, partition)) || MayKeepAnywhere(user);

    /// <summary>Whether a user's wish may be granted in some partition, as far as can be told before one is known.</summary>
    public bool MightKeep(string user) => jobs.MayKeep.Partitions.Count > 0 || MayKeepAnywhere(user);

    /// <summary>Whether a job's name could be a wish.</summary>
    public bool NamesMatter => jobs.IgnoreNames.Count > 0;

    /// <summary>Whether the configuration lends this node to Kubernetes at all.</summary>
    /// <param name="node">Slurm's name of the node. Capitals do not matter: Kubernetes' name of it, which has none, may be all that is known.</param>
    public bool Counts(string node) => Matches(nodes.Include, node, ignoreCase: true) && !Matches(nodes.Exclude, node, ignoreCase: true);

    private bool MayKeepAnywhere(string user) =>
        user.Length > 0 && (Matches(jobs.MayKeep.Users, user) || jobs.MayKeep.Groups.Any(group => groups.IsMember(user, group)));

    private string? Wish(Job job)
    {
        if (job.AsksToKeep)
            return "it asks to leave its nodes in Kubernetes (--bebida=keep)";
        return Matches(jobs.IgnoreNames, job.Name) ? $"its name {Shown(job.Name)} asks to leave Kubernetes alone (jobs.ignoreNames)" : null;
    }

    // In a log, a name of 64 KiB hides what comes after it, and one with control characters what came before.
    private static string Shown(string name)
    {
        var shown = name.Length > LongestShown ? $"{name.AsSpan(0, LongestShown)}…" : name;
        return string.Concat(
            shown.Select(c =>
                char.GetUnicodeCategory(c)
                    is UnicodeCategory.Control
                        or UnicodeCategory.Format
                        or UnicodeCategory.LineSeparator
                        or UnicodeCategory.ParagraphSeparator
                        or UnicodeCategory.Surrogate
                    ? '?'
                    : c
            )
        );
    }

    private static bool Matches(IReadOnlyList<string> patterns, string name, bool ignoreCase = false)
    {
        foreach (var pattern in patterns)
            // Case matters in the names of partitions, users and jobs.
            if (FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase))
                return true;
        return false;
    }
}
