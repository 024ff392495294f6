using System.Globalization;

namespace BeBiDa.Node;

/// <summary>The job steps that run on this node, by their slurmstepd: what can be told without slurmctld.</summary>
/// <param name="processes">/proc, proc(5).</param>
internal sealed class RunningSteps(string processes = "/proc")
{
    // setproctitle() in slurmstepd: the number of the job, then that of its step, "batch" or "extern".
    private const string Title = "slurmstepd: [";

    /// <summary>The jobs that have a step here.</summary>
    public IReadOnlySet<uint> Jobs()
    {
        var jobs = new HashSet<uint>();
        foreach (var process in Directory.EnumerateDirectories(processes))
            if (char.IsAsciiDigit(Path.GetFileName(process)[0]) && Job(process) is { } job)
                jobs.Add(job);
        return jobs;
    }

    private static uint? Job(string process)
    {
        try
        {
            var title = File.ReadAllText(Path.Combine(process, "cmdline"));
            if (!title.StartsWith(Title, StringComparison.Ordinal) || !IsRoots(process))
                return null;
            var number = title.AsSpan(Title.Length);
            var end = number.IndexOfAnyExceptInRange('0', '9');
            return uint.TryParse(end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var job) ? job : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    // Anyone may give a process that title, and would keep the node from Kubernetes by it. slurmstepd changes its effective
    // user at times, never its real one.
    private static bool IsRoots(string process) =>
        File.ReadLines(Path.Combine(process, "status")).Any(line => line.StartsWith("Uid:\t0\t", StringComparison.Ordinal));
}
