using System.Diagnostics;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Site;

/// <summary>
/// What <c>srun -N8 true</c> takes on empty nodes, in seconds, where the plugin, scripts or nobody hands them over: three
/// sites, one job after the other in turn.
/// </summary>
/// <param name="Nobody">Slurm alone.</param>
/// <param name="Plugin">With the plugin.</param>
/// <param name="Scripts">With kubectl, node after node.</param>
public sealed record HandOverCost(Samples Nobody, Samples Plugin, Samples Scripts)
{
    /// <summary>What the plugin adds.</summary>
    public double AddedByPlugin => Plugin.Median - Nobody.Median;

    /// <summary>By how much <see cref="AddedByPlugin"/> may be off.</summary>
    public double Uncertainty => Plugin.Uncertainty + Nobody.Uncertainty;

    /// <summary>What scripts add.</summary>
    public double AddedByScripts => Scripts.Median - Nobody.Median;

    /// <summary>The most that the plugin may add, as far as it was measured: what is below nothing is noise.</summary>
    public double MostAddedByPlugin => Math.Max(0, AddedByPlugin) + Uncertainty;

    /// <summary>The least that scripts add.</summary>
    public double LeastAddedByScripts => AddedByScripts - Scripts.Uncertainty - Nobody.Uncertainty;

    /// <summary>Sets the sites up and measures.</summary>
    public static async Task<HandOverCost> MeasureAsync(ApiServerKind api, int rounds)
    {
        await using var nobody = await Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Nobody });
        await using var plugin = await Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Plugin });
        await using var scripts = await Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Scripts });
        var cost = new HandOverCost(new Samples(), new Samples(), new Samples());
        (Site Site, Samples Times)[] peers = [(nobody, cost.Nobody), (plugin, cost.Plugin), (scripts, cost.Scripts)];
        // The first job of a slurmctld pays for much that later ones do not.
        foreach (var (site, _) in peers)
            await TimeAsync(site);
        for (var round = 0; round < rounds; round++)
            foreach (var (site, times) in peers)
                times.Add(await TimeAsync(site));
        return cost;
    }

    // Each job waits until the nodes are back from the one before: only the way to the job is timed.
    private static async Task<double> TimeAsync(Site site)
    {
        var began = Stopwatch.GetTimestamp();
        (await site.Slurm.RunAsync("srun", ["-N8", "true"])).EnsureSucceeded();
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await site.WaitUntilFreeAsync();
        return took;
    }
}
