using System.Runtime.InteropServices;

namespace BeBiDa.Cli.Reports;

/// <summary>The host's clock; its timestamps count from the host's start, also while it sleeps, and nobody sets them (CLOCK_BOOTTIME).</summary>
internal sealed partial class HostClock : TimeProvider
{
    // Linux, on every processor that .NET runs on.
    private const int BootTime = 7;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Which start of the host this is, as the kernel names it.</summary>
    public static string Boot { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <inheritdoc/>
    public override long TimestampFrequency => NanosecondsPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() =>
        Get(BootTime, out var time) == 0
            ? (long)time.Seconds * NanosecondsPerSecond + time.Nanoseconds
            : throw new InvalidOperationException("clock_gettime fails");

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Get(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
