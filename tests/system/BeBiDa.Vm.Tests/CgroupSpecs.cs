namespace BeBiDa.Vm.Tests;

/// <summary>A kernel with cgroup v2 only, where kubelet and slurmd share the tree, and Slurm confines its jobs.</summary>
[TestFixtureSource(typeof(Machines), nameof(Machines.Kinds))]
public class CgroupSpecs(Kubernetes kind) : VmTest(kind)
{
    [Test]
    public async Task A_job_meets_nothing_of_Kubernetes_and_Slurms_own_cgroups_stay_as_they_are()
    {
        Assert.That(await AgentProcessesAsync(), Has.Count.EqualTo(1));
        const string stepd =
            "systemctl show --property=ControlGroup,InvocationID,ActiveEnterTimestampMonotonic guest_slurmstepd.scope; cat /sys/fs/cgroup/system.slice/guest_slurmstepd.scope/system/cgroup.procs";
        var before = await Machine.ShellAsync(stepd);

        Assert.That(await LookAroundAsync(), Is.EqualTo(IsAlone));

        await ReturnsToKubernetesAsync();
        Assert.That(await Machine.ShellAsync(stepd), Is.EqualTo(before));
    }

    [Test]
    public async Task Slurm_confines_a_job_to_its_processor_and_memory_while_Kubernetes_is_away()
    {
        var seen = await RunAsync(
            VmSite.Shared,
            "grep -c '^Cpus_allowed_list:[[:space:]]*[01]$' /proc/self/status; cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup | sed 's|/step_.*||')/memory.max",
            "-c1",
            "--mem=200M"
        );
        Assert.That(seen, Is.EqualTo($"1\n{200 * 1024 * 1024}\n"));
    }

    [Test]
    public async Task Frozen_pods_go_on_after_the_job_as_the_processes_that_they_were()
    {
        await ConfigureLeftoversAsync("freeze");
        try
        {
            var before = await AgentProcessesAsync();
            var job = await StartAsync();
            Assert.That(await ServicesAsync(), Is.EqualTo("inactive inactive"));
            Assert.That(await IsFrozenAsync());

            await Site.Slurm.RunAsync("scancel", [$"{job}"]);
            await ReturnsToKubernetesAsync();
            Assert.That(await AgentProcessesAsync(), Is.EqualTo(before));
        }
        finally
        {
            await ConfigureLeftoversAsync("stop");
        }
    }

    private async Task ConfigureLeftoversAsync(string leftoverPods)
    {
        const string path = "/etc/bebida/bebida.yaml";
        await Machine.ShellAsync(
            $"sed -i 's/^node: {{.*stopTimeout/node: {{leftoverPods: {leftoverPods}, stopTimeout/' {path} && grep -q 'leftoverPods: {leftoverPods}' {path}"
        );
    }
}
