using System.Text.RegularExpressions;

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

    /// <summary>Runs a job on a node, and waits until it holds it.</summary>
    public static async Task HeldByNextJobAsync(Site site, string node)
    {
        var job = await site.Slurm.SubmitAsync(["-w", node, "--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        await HeldAsync(site, node, job);
        (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await site.Slurm.WaitForJobEndAsync(job);
    }

    /// <summary>What the plugin has logged as errors.</summary>
    public static IReadOnlyList<string> Errors(Site site) =>
        [.. Regex.Matches(site.Slurm.Controller.ReadLog(), "^.*error: bebida: .*$", RegexOptions.Multiline).Select(line => line.Value)];

    /// <summary>The threads of ours in slurmctld.</summary>
    public static IEnumerable<string> OurThreads(Site site) =>
        ThreadFiles.Read(site.Slurm.Controller.ProcessId, "comm").Where(name => name.StartsWith("bebida_", StringComparison.Ordinal));
}
