namespace BeBiDa.Footprint.Tests;

/// <summary>One site without the plugin and one with it, alike in all else; one after the other, since they share two cores.</summary>
internal static class Hosts
{
    /// <summary>How long anything may take before it counts as failed: slurmctld repeats what a busy node missed after two minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>A site of two nodes that takes many short jobs.</summary>
    public static SiteOptions Options(HandOverBy by, Func<SlurmOptions, SlurmOptions>? slurm = null) =>
        new()
        {
            Nodes = 2,
            HandOver = by,
            Slurm = options => (slurm ?? (same => same))((options with { CpusPerNode = 16, Patience = Patience }).ForShortJobs()),
        };

    /// <summary>Starts a site, lets a test have it, and stops it; where the test fails, slurmctld's log says more.</summary>
    public static async Task<T> WithAsync<T>(SiteOptions options, Func<Site.Site, Task<T>> test)
    {
        await using var site = await Site.Site.StartAsync(options);
        try
        {
            var result = await test(site);
            Assert.That(site.Slurm.Controller.ReadLog(), Does.Not.Contain("error: bebida"));
            return result;
        }
        catch
        {
            TestContext.Out.WriteLine(site.Slurm.Controller.ReadLog());
            TestContext.Out.WriteLine(site.Slurm.Controller.ReadOutput());
            throw;
        }
    }

    /// <summary>slurmctld now.</summary>
    public static ProcessState Read(Site.Site site) => ProcessState.Read(site.Slurm.Controller.ProcessId);
}
