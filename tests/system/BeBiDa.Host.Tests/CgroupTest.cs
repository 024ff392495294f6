using System.Diagnostics;
using BeBiDa.Lab;
using BeBiDa.Node.Pods;

namespace BeBiDa.Host.Tests;

/// <summary>Real processes in real cgroups, in whichever hierarchies this host lets us make them.</summary>
[NonParallelizable]
public abstract class CgroupTest
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private readonly List<Process> processes = [];
    internal string Name { get; private set; } = "";
    internal List<string> Groups { get; private set; } = [];

    [SetUp]
    public void MakeGroups()
    {
        Name = $"bebida-test-{Guid.NewGuid():N}.slice";
        Groups = [.. Hierarchies().Select(root => Path.Combine(root, Name)).Where(TryMake)];
        Assert.That(Groups, Is.Not.Empty, "no cgroup hierarchy of this host can be written to");
    }

    [TearDown]
    public async Task RemoveGroups()
    {
        new PodCgroups([Name]).Thaw();
        foreach (var process in processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        processes.Clear();
        foreach (
            var group in Groups.SelectMany(g => Directory.EnumerateDirectories(g, "*", SearchOption.AllDirectories).Reverse().Append(g))
        )
            await Eventually.HoldsAsync($"{group} is empty", Long, _ => Task.FromResult(TryRemove(group)));
    }

    internal Process Start(string below, string script, string program = "/bin/sh", params string[] words)
    {
        var process = Process.Start(
            new ProcessStartInfo(program, ["-c", script, .. words]) { RedirectStandardOutput = true, RedirectStandardInput = true }
        )!;
        processes.Add(process);
        foreach (var group in Groups)
        {
            var directory = Directory.CreateDirectory(Path.Combine(group, below)).FullName;
            File.WriteAllText(Path.Combine(directory, "cgroup.procs"), $"{process.Id}");
        }
        return process;
    }

    private static IEnumerable<string> Hierarchies() =>
        File.ReadLines("/proc/self/mountinfo")
            .Select(line => line.Split(' '))
            .Where(fields => fields[Array.IndexOf(fields, "-") + 1] is "cgroup" or "cgroup2")
            .Select(fields => fields[4]);

    // A cpuset of cgroup v1 takes no process before it has been given CPUs and memory.
    private static bool TryMake(string group)
    {
        try
        {
            Directory.CreateDirectory(group);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        if (!File.Exists(Path.Combine(group, "cpuset.cpus")) || File.Exists(Path.Combine(group, "cgroup.controllers")))
            return true;
        Directory.Delete(group);
        return false;
    }

    private static bool TryRemove(string group)
    {
        try
        {
            Directory.Delete(group);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
