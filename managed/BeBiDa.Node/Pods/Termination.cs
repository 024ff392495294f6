using System.Runtime.InteropServices;

namespace BeBiDa.Node.Pods;

/// <summary>Ends processes: SIGTERM, then SIGKILL.</summary>
internal static partial class Termination
{
    private const int Terminate = 15;
    private const int Kill = 9;

    /// <summary>Asks processes to end, and kills them after a grace.</summary>
    /// <param name="find">Those that are left.</param>
    /// <param name="mistake">What to say if slurmd is among them.</param>
    /// <param name="grace">How long they may take to end by themselves.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <param name="kill">What kills more than signals do; called before each.</param>
    /// <returns>Whether none is left.</returns>
    public static bool Run(Func<HashSet<int>> find, string mistake, TimeSpan grace, TimeSpan limit, Action kill)
    {
        var ownTime = new Deadline(grace);
        var first = find();
        if (first.Contains(Environment.ProcessId) || first.Contains(getppid()))
            throw new IOException(mistake);
        foreach (var process in first)
            _ = Send(process, Terminate);
        return Polling.Until(
            () =>
            {
                var left = find();
                if (left.Count == 0)
                    return true;
                if (!ownTime.IsOver)
                    return false;
                kill();
                // Again each time: they may have forked since.
                foreach (var process in left)
                    _ = Send(process, Kill);
                return false;
            },
            limit
        );
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);

    [LibraryImport("libc")]
    private static partial int getppid();
}
