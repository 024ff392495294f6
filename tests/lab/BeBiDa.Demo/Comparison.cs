using System.Diagnostics;
using BeBiDa.EmbeddedApi;
using BeBiDa.Site;
using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>What a hand-over adds to a job's time: by the plugin, and by scripts beside it in the same run.</summary>
internal static class Comparison
{
    private const int Rounds = 5;

    public static async Task RunAsync(ApiServerKind api, Narrator narrator, Claims claims)
    {
        narrator.Chapter($"What a hand-over costs: srun -N8 true on empty nodes, {Rounds} rounds, one after the other in turn");
        await using var nobody = await Site.Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Nobody });
        await using var plugin = await Site.Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Plugin });
        await using var scripts = await Site.Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Scripts });
        Site.Site[] sites = [nobody, plugin, scripts];
        var times = sites.ToDictionary(s => s, _ => new List<double>());
        // The first job of a slurmctld pays for much that later ones do not.
        foreach (var site in sites)
            await TimeAsync(site);
        for (var round = 0; round < Rounds; round++)
            foreach (var site in sites)
                times[site].Add(await TimeAsync(site));

        var without = Median(times[nobody]);
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("hand-over by", "srun -N8 true, median", "added by the hand-over");
        foreach (var (name, site) in new[] { ("nobody", nobody), ("the plugin", plugin), ("scripts (kubectl, node after node)", scripts) })
            table.AddRow(name, $"{Median(times[site]):0.000} s", site == nobody ? "-" : $"{Median(times[site]) - without:0.000} s");
        narrator.Show(table);
        var (ours, theirs) = (Median(times[plugin]) - without, Median(times[scripts]) - without);
        narrator.Say("", ours > 0 ? $"the scripts add {theirs / ours:0} times what the plugin adds" : "what the plugin adds is lost in the noise");
        claims.Add("a hand-over by the plugin adds less than a tenth of what scripts add", ours < theirs / 10);
    }

    // Each job waits until the nodes are back from the one before: only the way to the job is timed.
    private static async Task<double> TimeAsync(Site.Site site)
    {
        var began = Stopwatch.GetTimestamp();
        (await site.Slurm.RunAsync("srun", ["-N8", "true"])).EnsureSucceeded();
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await site.WaitUntilFreeAsync();
        return took;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
