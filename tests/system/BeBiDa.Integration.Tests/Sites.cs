namespace BeBiDa.Site.Tests;

/// <summary>Sites that only one test needs, and what is asked of any.</summary>
internal static class Sites
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    /// <summary>Starts a site, lets a test have it, and stops it; where the test fails, slurmctld's log says more.</summary>
    public static async Task WithAsync(SiteOptions options, Func<Site, Task> test)
    {
        await using var site = await Site.StartAsync(options);
        await site.Observer.StartedAsync();
        try
        {
            await test(site);
        }
        catch
        {
            TellAbout(site);
            throw;
        }
    }

    /// <summary>Writes slurmctld's log to the test's output.</summary>
    public static void TellAbout(Site site)
    {
        TestContext.Out.WriteLine(site.Slurm.Controller.ReadLog());
        TestContext.Out.WriteLine(site.Slurm.Controller.ReadOutput());
        TestContext.Out.WriteLine(site.Slurm.Backup?.ReadLog());
    }

    /// <summary>Waits until a job holds a node.</summary>
    public static Task HeldAsync(Site site, string node, int job) =>
        Eventually.HoldsAsync(
            $"job {job} holds {node}",
            Patience,
            async _ => (await site.HoldsAsync()).Contains($"{node} lab.{job}") && (await site.UnschedulableAsync()).Contains(node)
        );
}
