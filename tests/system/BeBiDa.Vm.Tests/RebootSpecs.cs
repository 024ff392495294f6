namespace BeBiDa.Vm.Tests;

[TestFixtureSource(typeof(Machines), nameof(Machines.Kinds))]
public class RebootSpecs(Kubernetes kind) : VmTest(kind)
{
    [Test]
    public async Task A_node_that_Slurm_reboots_after_its_job_comes_back_to_both()
    {
        var boot = await Machine.BootAsync();
        var job = await StartAsync();
        (await Site.Slurm.RunAsync("scontrol", ["reboot", "ASAP", "nextstate=resume", "reason=kernel", VmSite.Node])).EnsureSucceeded();
        (await Site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();

        await Machine.WaitUntilBootedAsync(boot);
        await ReturnsToKubernetesAsync();
    }
}
