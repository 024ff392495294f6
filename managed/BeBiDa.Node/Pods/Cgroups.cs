using System.Globalization;

namespace BeBiDa.Node.Pods;

/// <summary>
/// Cgroups by their paths: on cgroup v2 one folder for each, on v1 one in each hierarchy. The files are described in the
/// kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
/// </summary>
/// <param name="names">Their paths below the root of a hierarchy.</param>
/// <param name="mounts">What mount points there are: /proc/self/mountinfo, proc_pid_mountinfo(5).</param>
internal sealed class Cgroups(IReadOnlyList<string> names, string mounts)
{
    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>The folders of those that exist.</summary>
    public IEnumerable<string> Folders()
    {
        foreach (var mount in Mount.ReadAll(mounts))
            if (mount.Type is "cgroup" or "cgroup2")
                foreach (var name in names)
                    if (Path.Combine(mount.Point, name.TrimStart('/')) is var folder && Directory.Exists(folder))
                        yield return folder;
    }

    /// <summary>The processes in them and below.</summary>
    public HashSet<int> Processes()
    {
        var processes = new HashSet<int>();
        foreach (var folder in Folders())
        foreach (var file in InAndBelow(folder))
        foreach (var line in KernelFile.Read(file)?.Split('\n') ?? [])
            // 0 is a process that this PID namespace does not see.
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && process > 1)
                processes.Add(process);
        return processes;
    }

    /// <summary>Kills all that is in them and below, at once: what is being forked, too. Only cgroup v2 can, since Linux 5.14.</summary>
    public void Kill()
    {
        foreach (var folder in Folders())
            try
            {
                if (Path.Combine(folder, "cgroup.kill") is var file && File.Exists(file))
                    File.WriteAllText(file, "1");
            }
            catch (IOException)
            {
                // Gone meanwhile, with all that was in it; or not to be killed, which the signals that follow tell.
            }
    }

    // A pod's cgroup may go while it is looked at: then nothing is in it.
    private static List<string> InAndBelow(string folder)
    {
        var files = new List<string>();
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, "cgroup.procs", SearchOption.AllDirectories))
                files.Add(file);
        }
        catch (DirectoryNotFoundException) { }
        return files;
    }
}
