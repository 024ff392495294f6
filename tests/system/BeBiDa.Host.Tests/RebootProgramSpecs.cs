using BeBiDa.Lab;
using CliWrap;

namespace BeBiDa.Host.Tests;

/// <summary>RebootProgram as slurmd runs it on a node: it waits for the pods, and then is the site's own.</summary>
public sealed class RebootProgramSpecs : CgroupTest
{
    private string folder = "";

    [SetUp]
    public void WriteSite()
    {
        folder = Directory.CreateTempSubdirectory("bebida-reboot-").FullName;
        Script("site", $"echo \"reboot $*\" >> {folder}/order");
        Script("logger", $"cat >> {folder}/syslog");
    }

    [TearDown]
    public void DeleteSite() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task It_reboots_when_the_last_process_of_a_pod_has_ended()
    {
        Start("pod1/main", $"sleep 1; echo pod >> {folder}/order");
        await RebootAsync("1m");
        Assert.That(Order, Is.EqualTo(new[] { "pod", "reboot knl flat" }));
    }

    [Test]
    public async Task It_reboots_all_the_same_when_one_stays_and_says_so()
    {
        Start("pod1/main", "exec sleep 1000");
        await RebootAsync("1s");
        Assert.That(Order, Is.EqualTo(new[] { "reboot knl flat" }));
        Assert.That(
            File.ReadAllText(Path.Combine(folder, "syslog")),
            Does.Match(@"^bebidactl: after slurm.powerTimeout \(1s\), \d+ processes of pods are still there; .*\n$")
        );
    }

    private string[] Order => File.ReadAllLines(Path.Combine(folder, "order"));

    // Without standard files, as a daemon's child may be.
    private async Task RebootAsync(string timeout)
    {
        var file = Path.Combine(folder, "bebida.yaml");
        await File.WriteAllTextAsync(
            file,
            $"node: {{podCgroups: [{Name}]}}\nslurm: {{powerTimeout: {timeout}, rebootProgram: {folder}/site}}\n"
        );
        var program = Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "slurm", "reboot-program");
        await Cli.Wrap("/bin/sh")
            .WithArguments(["-c", "exec \"$0\" 'knl flat' <&- >&- 2>&-", program])
            .WithEnvironmentVariables(
                new Dictionary<string, string?>
                {
                    ["BEBIDA_CONFIG"] = file,
                    ["PATH"] = $"{folder}:{Path.GetDirectoryName(PluginBuild.Locate().Tool)}:/usr/bin:/bin",
                }
            )
            .ExecuteAsync();
    }

    private void Script(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }
}
