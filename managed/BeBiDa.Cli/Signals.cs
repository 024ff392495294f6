using System.Runtime.InteropServices;

namespace BeBiDa.Cli;

/// <summary>The signals that this process takes.</summary>
internal static partial class Signals
{
    // Linux, on every processor that .NET runs on: SIGINT, SIGQUIT, SIGTERM, SIGCHLD; how of SIG_UNBLOCK; sizeof(sigset_t).
    private static readonly int[] Needed = [2, 3, 15, 17];
    private const int Unblock = 1;
    private const int SetSize = 128;

    /// <summary>
    /// Lets signals through again that the parent had blocked. slurmctld runs its scripts with SIGCHLD blocked, among
    /// others, and without it .NET never learns that a child of its own has ended.
    /// </summary>
    public static unsafe void UnblockInherited()
    {
        var set = stackalloc byte[SetSize];
        _ = EmptySet(set);
        foreach (var signal in Needed)
            _ = AddToSet(set, signal);
        _ = Mask(Unblock, set, null);
    }

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static unsafe partial int EmptySet(byte* set);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    private static unsafe partial int AddToSet(byte* set, int signal);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    private static unsafe partial int Mask(int how, byte* set, byte* before);
}
