using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Libraries.Tests;

/// <summary>spank_bebida.so as a file: Slurm loads it into srun and slurmstepd, where it should be as small a guest as can be.</summary>
public class SpankPluginSpecs
{
    private static readonly string[] LookedUpBySlurm =
    [
        "plugin_name",
        "plugin_type",
        "plugin_version",
        "spank_plugin_version",
        "slurm_spank_init",
        "slurm_spank_init_post_opt",
        "slurm_spank_user_init",
        "slurm_spank_job_prolog",
        "slurm_spank_job_epilog",
    ];

    private static string FilePath => Path.Combine(PluginBuild.Locate().PluginDirectory, "spank_bebida.so");

    [Test]
    public async Task It_exports_what_Slurm_looks_up_and_nothing_else()
    {
        var symbols = await Cli.Wrap("nm").WithArguments(["-D", "--defined-only", "-P", FilePath]).ExecuteBufferedAsync();
        Assert.That(
            symbols.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]),
            Is.EquivalentTo(LookedUpBySlurm)
        );
    }

    [Test]
    public async Task It_brings_no_library_into_srun_but_libc()
    {
        var header = await Cli.Wrap("readelf").WithArguments(["-d", FilePath]).ExecuteBufferedAsync();
        Assert.That(
            header
                .StandardOutput.Split('\n')
                .Where(line => line.Contains("(NEEDED)", StringComparison.Ordinal))
                .Select(line => line.Split('[', ']')[1]),
            Is.EqualTo(new[] { "libc.so.6" })
        );
    }

    [Test]
    public async Task Its_code_stays_when_Slurm_closes_it()
    {
        var header = await Cli.Wrap("readelf").WithArguments(["-d", FilePath]).ExecuteBufferedAsync();
        Assert.That(header.StandardOutput, Does.Match(@"\(FLAGS_1\).*NODELETE"));
    }
}
