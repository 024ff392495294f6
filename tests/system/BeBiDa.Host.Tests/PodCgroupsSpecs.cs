using System.Diagnostics;
using BeBiDa.Node.Pods;

namespace BeBiDa.Host.Tests;

public class PodCgroupsSpecs : CgroupTest
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    [Test]
    public void Without_pods_there_is_nothing_to_end() =>
        Assert.That((Pods().Count(), Pods().End(TimeSpan.Zero, Long)), Is.EqualTo((0, true)));

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
        if (!Groups.Exists(group => File.Exists(Path.Combine(group, "freezer.state")) || File.Exists(Path.Combine(group, "cgroup.freeze"))))
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

    // Processes that fork faster than they are found escape signals.
    [Test]
    public void On_cgroup_v2_the_kernel_kills_all_of_a_pod_at_once()
    {
        using var process = Process.Start("sleep", "1000");
        var root = Directory.CreateTempSubdirectory("bebida-cgroup2-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "pods"));
        File.WriteAllText(Path.Combine(root, "pods", "cgroup.procs"), $"{process.Id}\n");
        File.WriteAllText(Path.Combine(root, "pods", "cgroup.kill"), "");
        File.WriteAllText(Path.Combine(root, "mountinfo"), $"1 1 0:1 / {root} rw - cgroup2 cgroup2 rw\n");
        var pods = new PodCgroups(["pods"], Path.Combine(root, "mountinfo"));
        Assert.That(pods.End(TimeSpan.Zero, TimeSpan.FromMilliseconds(100)), Is.False, "nothing empties such a file");
        Assert.That(File.ReadAllText(Path.Combine(root, "pods", "cgroup.kill")), Is.EqualTo("1"));
        process.WaitForExit();
        Directory.Delete(root, recursive: true);
    }

    private PodCgroups Pods() => new([Name]);

    private static char State(Process process) => File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[1][0];
}
