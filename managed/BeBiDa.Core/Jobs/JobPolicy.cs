using System.Globalization;
using System.IO.Enumeration;
using BeBiDa.Configuration;

namespace BeBiDa.Jobs;

/// <summary>Which jobs, and which of their nodes, BeBiDa hands over.</summary>
/// <remarks>
/// A job's name and its <c>SPANK_</c> variables are whatever its user writes there. So they only ask; user, account
/// and partition, which Slurm vouches for, decide.
/// </remarks>
/// <param name="jobs">The section jobs.</param>
/// <param name="nodes">The section nodes.</param>
public sealed class JobPolicy(JobsConfiguration jobs, NodesConfiguration nodes)
{
    private const int LongestShown = 64;

    /// <summary>Whether a job is BeBiDa's business, and whether it asks for what it does not get.</summary>
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
        return MayKeep(job.User, job.Account, job.Partition)
            ? ($"{wish}, and jobs.mayKeep allows it", null)
            : (
                null,
                $"{wish}, but jobs.mayKeep does not allow it (user {job.User}, account {Shown(job.Account)}, partition {job.Partition}); its nodes leave Kubernetes"
            );
    }

    /// <summary>Whether a job that asks to leave its nodes in Kubernetes may do so.</summary>
    /// <param name="user">The user's name; empty when unknown.</param>
    /// <param name="account">The account; empty when unknown. Slurm's are lower-case, whatever a user or an admin writes.</param>
    /// <param name="partition">The partition; empty when unknown.</param>
    public bool MayKeep(string user, string account, string partition) =>
        Names(jobs.MayKeep.Users, user)
        || Names(jobs.MayKeep.Accounts, account, ignoreCase: true)
        || Names(jobs.MayKeep.Partitions, partition);

    /// <summary>Whether a pending job will take its nodes from Kubernetes, whatever it asks for.</summary>
    /// <param name="user">Its user.</param>
    /// <param name="account">Its account; empty when unknown.</param>
    /// <param name="partitions">The partitions that it may run in.</param>
    public bool TakesNodes(string user, string account, IReadOnlyList<string> partitions) =>
        partitions.Any(p => Matches(jobs.Partitions, p)) && !partitions.Any(p => MayKeep(user, account, p));

    /// <summary>Whether some job of a user may, as far as can be told before its account and partition are known.</summary>
    public bool MightKeep(string user) => jobs.MayKeep.Partitions.Count > 0 || AccountsMatter || Names(jobs.MayKeep.Users, user);

    /// <summary>Whether a job's name could ask.</summary>
    public bool NamesMatter => jobs.IgnoreNames.Count > 0;

    /// <summary>Whether a job's account could be what allows it.</summary>
    public bool AccountsMatter => jobs.MayKeep.Accounts.Count > 0;

    /// <summary>Whether the configuration lends this node to Kubernetes at all.</summary>
    /// <param name="node">Slurm's name of the node. Capitals do not matter: Kubernetes' name of it, which has none, may be all that is known.</param>
    public bool Counts(string node) => Matches(nodes.Include, node, ignoreCase: true) && !Matches(nodes.Exclude, node, ignoreCase: true);

    // What is unknown is named by nothing, not even by *.
    private static bool Names(IReadOnlyList<string> patterns, string name, bool ignoreCase = false) =>
        name.Length > 0 && Matches(patterns, name, ignoreCase);

    private string? Wish(Job job)
    {
        if (job.AsksToKeep)
            return "it asks to leave its nodes in Kubernetes (--bebida=keep)";
        return Matches(jobs.IgnoreNames, job.Name) ? $"its name {Shown(job.Name)} asks to leave Kubernetes alone (jobs.ignoreNames)" : null;
    }

    // In a log, a name of 64 KiB hides what comes after it, and one with control characters what came before. Where Slurm
    // enforces no associations, a user names any account.
    private static string Shown(string name)
    {
        if (name.Length == 0)
            return "none";
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
