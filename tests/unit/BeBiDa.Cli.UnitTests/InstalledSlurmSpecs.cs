using BeBiDa.Cli.Checks;
using BeBiDa.Cli.Slurm;

namespace BeBiDa.Tests;

/// <summary>Slurm's files on a host, wherever the site has installed them.</summary>
public sealed class InstalledSlurmSpecs : CommandLineTest
{
    [TestCase("lib/slurm")]
    [TestCase("lib64/slurm")]
    [TestCase("lib/x86_64-linux-gnu/slurm-wlm")]
    public async Task Slurm_is_found_above_its_plugins(string folder)
    {
        Add($"opt/{folder}/prep_script.so", "");
        Add("opt/sbin/slurmctld", "#!/bin/sh\necho slurm 25.05.8\n", (UnixFileMode)0b111_101_101);
        var slurm = await InstalledSlurm.FindAsync(HostRole.Controller, $"/nowhere:{PathOf($"opt/{folder}")}", default);
        Assert.That(slurm, Is.EqualTo(new InstalledSlurm(PathOf("opt"), new SlurmVersion(25, 5, 8))));
        Assert.That(slurm!.PluginDirectory, Is.EqualTo(PathOf($"opt/{folder}")));
    }

    [Test]
    public async Task A_host_of_nodes_asks_slurmd()
    {
        Add("opt/sbin/slurmd", "#!/bin/sh\necho slurm 24.11.5\n", (UnixFileMode)0b111_101_101);
        var slurm = await InstalledSlurm.FindAsync(HostRole.Node, PathOf("opt/lib/slurm"), default);
        Assert.That(slurm?.Version, Is.EqualTo(new SlurmVersion(24, 11, 5)));
        Assert.That(slurm!.PluginDirectory, Is.Null);
    }
}
