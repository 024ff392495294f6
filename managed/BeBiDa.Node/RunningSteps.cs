using System.Globalization;

namespace BeBiDa.Node;

/// <summary>The job steps that run on this node, by their slurmstepd: what can be told without slurmctld.</summary>
/// <param name="processes">The processes of this node.</param>
internal sealed class RunningSteps(HostProcesses processes)
{
    // setproctitle() in slurmstepd: the number of the job, then that of its step, "batch" or "extern".
    private const string Title = "slurmstepd: [";

    /// <summary>The jobs that have a step here.</summary>
    public IReadOnlySet<uint> Jobs()
    {
        var jobs = new HashSet<uint>();
        foreach (var (_, words) in processes.OfRoot("slurmstepd"))
            if (
                words[0].StartsWith(Title, StringComparison.Ordinal)
                && uint.TryParse(words[0][Title.Length..].Split('.', ']')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var job)
            )
                jobs.Add(job);
        return jobs;
    }
}
