using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace BeBiDa.Node.Pods;

/// <summary>
/// The cgroups below which kubelet puts every pod, whatever the runtime and the cgroup driver: on cgroup v2 one, on v1 one
/// in each hierarchy. The files are described in the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
/// </summary>
/// <param name="names">Their paths below the root of a hierarchy.</param>
/// <param name="mounts">What mount points there are: /proc/self/mountinfo, proc_pid_mountinfo(5).</param>
internal sealed partial class PodCgroups(IReadOnlyList<string> names, string mounts = "/proc/self/mountinfo") : IPodProcesses
{
    private const int Terminate = 15;
    private const int Kill = 9;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc/>
    public int Count() => Processes().Count;

    /// <inheritdoc/>
    public bool End(TimeSpan grace, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        // Frozen ones would take no signal.
        Thaw();
        var first = Processes();
        if (first.Contains(Environment.ProcessId) || first.Contains(getppid()))
            throw new IOException($"node.podCgroups ({string.Join(", ", names)}) names a cgroup that slurmd is in; kubelet's are kubepods.slice or kubepods");
        foreach (var process in first)
            _ = kill(process, Terminate);
        var kills = false;
        while (Processes() is { Count: > 0 } left)
        {
            var elapsed = Stopwatch.GetElapsedTime(began);
            if (elapsed >= limit)
                return false;
            kills |= elapsed >= grace;
            if (kills)
                // Again each time: they may have forked meanwhile.
                foreach (var process in left)
                    _ = kill(process, Kill);
            Thread.Sleep(Look);
        }
        return true;
    }

    /// <inheritdoc/>
    public bool Freeze(TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        // A host may have both versions, and a process that the first has frozen never counts as frozen to the second.
        var groups = Freezers();
        if (groups.Exists(group => group.Version == 1))
            groups.RemoveAll(group => group.Version == 2);
        // Where no group can freeze them, they are not frozen.
        if (groups.Count == 0 && Count() > 0)
            return false;
        foreach (var group in groups)
            group.Set(frozen: true);
        while (!groups.TrueForAll(group => group.IsFrozen))
        {
            if (Stopwatch.GetElapsedTime(began) >= limit)
                return false;
            Thread.Sleep(Look);
        }
        return true;
    }

    /// <inheritdoc/>
    public void Thaw()
    {
        foreach (var group in Freezers())
            try
            {
                group.Set(frozen: false);
            }
            catch (IOException)
            {
                // Gone meanwhile, with all that was in it.
            }
    }

    private List<Freezer> Freezers() => [.. Groups().Select(Freezer.Of).OfType<Freezer>()];

    private HashSet<int> Processes()
    {
        var processes = new HashSet<int>();
        foreach (var group in Groups())
            foreach (var file in InAndBelow(group))
                foreach (var line in Lines(file))
                    // 0 is a process that this PID namespace does not see.
                    if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && process > 1)
                        processes.Add(process);
        return processes;
    }

    // A pod's cgroup may go while it is looked at: then nothing is in it.
    private static List<string> InAndBelow(string group)
    {
        var files = new List<string>();
        try
        {
            foreach (var file in Directory.EnumerateFiles(group, "cgroup.procs", SearchOption.AllDirectories))
                files.Add(file);
        }
        catch (DirectoryNotFoundException)
        {
        }
        return files;
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private IEnumerable<string> Groups()
    {
        foreach (var line in File.ReadLines(mounts))
        {
            // … mount point, options, optional fields, "-", type, source, options
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator < 5 || fields[separator + 1] is not ("cgroup" or "cgroup2"))
                continue;
            foreach (var name in names)
                if (Path.Combine(fields[4], name) is var group && Directory.Exists(group))
                    yield return group;
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc")]
    private static partial int getppid();
}
