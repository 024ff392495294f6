namespace BeBiDa.Vm.Tests;

/// <summary>What stays on a node when its services stop, where the kernel has cgroup v2 only.</summary>
[TestFixtureSource(typeof(Machines), nameof(Machines.Kinds))]
public class LeftoverSpecs(Kubernetes kind) : VmTest(kind)
{
    private const string Made = "/var/lib/kubelet/made";
    private const string Pod = "/var/lib/kubelet/pods/11111111-2222-3333-4444-555555555555";
    private const string Volume = "volumes/kubernetes.io~projected/token";

    [Test]
    public async Task A_job_meets_neither_pods_that_fork_for_ever_nor_what_outlives_its_unit_nor_volumes_in_memory()
    {
        // Each of its processes is gone before a signal could find it: only the cgroup as a whole can be killed.
        await Machine.WriteFileAsync("/run/forks.sh", "trap '' TERM\nsh /run/forks.sh &\n");
        await InCgroupAsync("kubepods.slice/stray", "sh /run/forks.sh");
        // As a shim that its runtime has lost: KillMode=process leaves it.
        await InCgroupAsync("system.slice/containerd.service", "exec sleep 4712");
        // Neither kubelet's nor the runtime's.
        await InCgroupAsync("other", "exec sleep 4713");
        // kubelet removes the empty folders of a pod that it does not know, at any moment: so they appear with the volume in them.
        await Machine.ShellAsync($"mkdir -p {Made}/{Volume} && mount -t tmpfs tmpfs {Made}/{Volume} && mv -T {Made} {Pod}");

        Assert.That(await LookAroundAsync(), Is.EqualTo(IsAlone));

        Assert.That(await Machine.ShellAsync("pgrep -f 'sleep 471[23]' | xargs -r ps -o args= -p"), Is.EqualTo("sleep 4713"));
        await Machine.ShellAsync("pkill -f 'sleep [4]713'");
    }

    private async Task InCgroupAsync(string cgroup, string script)
    {
        var started = await Machine.ShellAsync(
            $"mkdir -p /sys/fs/cgroup/{cgroup} && setsid sh -c 'echo $$ >/sys/fs/cgroup/{cgroup}/cgroup.procs && {script}' >/dev/null 2>&1 </dev/null & for i in $(seq 300); do n=$(wc -l </sys/fs/cgroup/{cgroup}/cgroup.procs); [ $n = 0 ] || break; sleep 0.2; done; echo $n"
        );
        Assert.That(started, Is.Not.EqualTo("0"), $"processes in {cgroup}");
    }
}
