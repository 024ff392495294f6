using BeBiDa.Configuration;

namespace BeBiDa.Cli.Forecasts;

/// <summary>Reads when nodes were not available: sacctmgr's events, "like downed or draining nodes" (sacctmgr(1)).</summary>
internal static class NodeEvents
{
    /// <summary>The command that prints what is read, for a month.</summary>
    public const string Command =
        "SLURM_TIME_FORMAT=%s sacctmgr --parsable2 show event Start=2026-10-01 End=2026-11-01 format=NodeName,TimeStart,TimeEnd > events.txt";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ConfigurationException">It cannot be read; file, line and column are named.</exception>
    public static IReadOnlyList<(string Node, DateTimeOffset Begin, DateTimeOffset? End)> Read(string path)
    {
        var events = new List<(string, DateTimeOffset, DateTimeOffset?)>();
        foreach (var row in SlurmTable.Read(path, ["NodeName", "TimeStart", "TimeEnd"], Command))
            // The cluster's own events have no node.
            if (row["NodeName"] is { Length: > 0 } node)
                events.Add((node, row.Time("TimeStart") ?? throw row.Problem("TimeStart: there is none"), row.Time("TimeEnd")));
        return events;
    }
}
