using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BeBiDa.Node.Pods;

/// <summary>Ends processes.</summary>
internal static partial class Ending
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    /// <summary>Asks processes to end, and kills them after a grace.</summary>
    /// <param name="find">Those that are left.</param>
    /// <param name="mistake">What to say if slurmd is among them.</param>
    /// <param name="grace">How long they may take to end by themselves.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <param name="kill">What kills more than signals do; called before each.</param>
    /// <returns>Whether none is left.</returns>
    public static bool Run(Func<HashSet<int>> find, string mistake, TimeSpan grace, TimeSpan limit, Action kill)
    {
        var began = Stopwatch.GetTimestamp();
        var first = find();
        if (first.Contains(Environment.ProcessId) || first.Contains(getppid()))
            throw new IOException(mistake);
        foreach (var process in first)
            _ = Ending.kill(process, Terminate);
        var kills = false;
        while (find() is { Count: > 0 } left)
        {
            var elapsed = Stopwatch.GetElapsedTime(began);
            if (elapsed >= limit)
                return false;
            kills |= elapsed >= grace;
            if (kills)
            {
                kill();
                // Again each time: they may have forked meanwhile.
                foreach (var process in left)
                    _ = Ending.kill(process, Kill);
            }
            Thread.Sleep(Look);
        }
        return true;
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc")]
    private static partial int getppid();
}
