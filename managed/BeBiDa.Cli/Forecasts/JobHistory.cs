using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Forecasts;

/// <summary>A job that had nodes.</summary>
/// <param name="Begin">From when on.</param>
/// <param name="End">Until when; null while it runs.</param>
/// <param name="Nodes">Its nodes, as Slurm writes them.</param>
/// <param name="Takes">Whether its nodes leave Kubernetes for it.</param>
internal sealed record PastJob(DateTimeOffset Begin, DateTimeOffset? End, string Nodes, bool Takes);

/// <summary>Reads what sacct knows of a site's jobs.</summary>
internal static class JobHistory
{
    /// <summary>The command that prints what is read, for a month.</summary>
    public const string Command =
        "SLURM_TIME_FORMAT=%s sacct --allusers --allocations --duplicates --truncate --parsable2 --starttime 2026-10-01 --endtime 2026-11-01 "
        + "--format JobID,User,Account,Partition,Start,End,NodeList,JobName > jobs.txt";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="policy">Which jobs take nodes.</param>
    /// <exception cref="ConfigurationException">It cannot be read; file, line and column are named.</exception>
    public static IReadOnlyList<PastJob> Read(string path, JobPolicy policy)
    {
        var jobs = new List<PastJob>();
        foreach (var row in SlurmTable.Read(path, ["JobID", "Start", "End", "NodeList"], Command))
        {
            // Steps, which have a job's nodes once more; a job's own number has no dot.
            if (row["JobID"].Contains('.', StringComparison.Ordinal))
                continue;
            var nodes = row["NodeList"];
            // It waits, or was cancelled before it had any.
            if (row.Time("Start") is not { } begin || nodes is "" or "None assigned" or "(null)")
                continue;
            var end = row.Time("End");
            if (nodes.Count(c => c == '[') != nodes.Count(c => c == ']'))
                throw row.Problem($"NodeList: '{nodes}' is not a list of nodes; was the line cut off?");
            // It had them for no time. Or it waited when the period ended, and started later: sacct --truncate then prints the
            // period's end as its End, and its Start as it was.
            if (end <= begin)
                continue;
            jobs.Add(new PastJob(begin, end, nodes, policy.Judge(JobOf(row)).LeftAlone is null));
        }
        return jobs;
    }

    private static Job JobOf(SlurmTable.Row row) =>
        new("", 0, row["JobName"], row["User"], row["Partition"], []) { Account = row["Account"] };
}
