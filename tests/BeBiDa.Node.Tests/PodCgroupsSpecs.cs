using System.Diagnostics;
using BeBiDa.Lab;
using BeBiDa.Node.Pods;

namespace BeBiDa.Node.Tests;

/// <summary>Real processes in real cgroups, in whichever hierarchies this host lets us make them.</summary>
[NonParallelizable]
public class PodCgroupsSpecs
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private readonly List<Process> processes = [];
    private string name = "";
    private List<string> groups = [];

    [SetUp]
    public void MakeGroups()
    {
        name = $"bebida-test-{Guid.NewGuid():N}.slice";
        groups = [.. Hierarchies().Select(root => Path.Combine(root, name)).Where(TryMake)];
        Assert.That(groups, Is.Not.Empty, "no cgroup hierarchy of this host can be written to");
    }

    [TearDown]
    public async Task RemoveGroups()
    {
        Pods().Thaw();
        foreach (var process in processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        processes.Clear();
        foreach (var group in groups.SelectMany(g => Directory.EnumerateDirectories(g, "*", SearchOption.AllDirectories).Reverse().Append(g)))
            await Eventually.HoldsAsync($"{group} is empty", Long, _ => Task.FromResult(TryRemove(group)));
    }

    [Test]
    public void Without_pods_there_is_nothing_to_end() => Assert.That((Pods().Count(), Pods().End(TimeSpan.Zero, Long)), Is.EqualTo((0, true)));

    [Test]
    public void A_host_without_such_cgroups_has_no_pods() => Assert.That(new PodCgroups(["no-such.slice"]).Count(), Is.Zero);

    [Test]
    public void Processes_are_found_at_any_depth_and_once_each()
    {
        Start("burstable/pod1/container", "exec sleep 1000");
        Start("", "exec sleep 1000");
        Assert.That(Pods().Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task A_process_that_ends_when_asked_is_not_killed()
    {
        var pod = Start("pod1", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
        await pod.StandardOutput.ReadLineAsync();
        Assert.That(Pods().End(Long, Long), Is.True);
        await pod.WaitForExitAsync();
        Assert.That(pod.ExitCode, Is.EqualTo(3));
    }

    [Test]
    public async Task A_process_that_does_not_is_killed_after_the_grace()
    {
        var pod = Start("pod1", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
        await pod.StandardOutput.ReadLineAsync();
        Assert.That(Pods().End(TimeSpan.FromMilliseconds(100), Long), Is.True);
        await pod.WaitForExitAsync();
        Assert.That(pod.ExitCode, Is.EqualTo(128 + 9));
    }

    [Test]
    public async Task A_process_outside_of_the_pods_lives_on()
    {
        Start("pod1", "exec sleep 1000");
        using var other = Process.Start("sleep", "1000");
        Assert.That(Pods().End(TimeSpan.Zero, Long), Is.True);
        Assert.That(other.HasExited, Is.False);
        other.Kill();
        await other.WaitForExitAsync();
    }

    [Test]
    public async Task Frozen_pods_stand_still_until_they_thaw()
    {
        var pod = Start("pod1", "while read line; do echo $line; done");
        if (!groups.Exists(group => File.Exists(Path.Combine(group, "freezer.state")) || File.Exists(Path.Combine(group, "cgroup.freeze"))))
            Assert.Ignore("this host has no freezer cgroup that can be written to");
        Assert.That(Pods().Freeze(Long), Is.True);
        await pod.StandardInput.WriteLineAsync("echo");
        await pod.StandardInput.FlushAsync();
        var answer = pod.StandardOutput.ReadLineAsync();
        Assert.That(State(pod), Is.AnyOf('D', 'S', 'T'));
        Assert.That(answer.IsCompleted, Is.False);
        Pods().Thaw();
        Assert.That(await answer, Is.EqualTo("echo"));
    }

    [Test]
    public async Task Frozen_pods_can_be_ended()
    {
        var pod = Start("pod1", "exec sleep 1000");
        Pods().Freeze(Long);
        Assert.That(Pods().End(Long, Long), Is.True);
        await pod.WaitForExitAsync();
    }

    private PodCgroups Pods() => new([name]);

    private Process Start(string below, string script)
    {
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        processes.Add(process);
        foreach (var group in groups)
        {
            var directory = Directory.CreateDirectory(Path.Combine(group, below)).FullName;
            File.WriteAllText(Path.Combine(directory, "cgroup.procs"), $"{process.Id}");
        }
        return process;
    }

    private static char State(Process process) => File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[1][0];

    private static IEnumerable<string> Hierarchies() =>
        File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' '))
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
