using BeBiDa.Chaos.Observation;
using BeBiDa.EmbeddedApi;
using BeBiDa.Site;

namespace BeBiDa.Chaos;

/// <summary>The same observer over the scripts that the plugin replaces, and jobs back to back: it must find something.</summary>
public static class Control
{
    // It is a race that the scripts lose more or less often, as the host is busy: none in 15 pairs has been seen.
    private const int Pairs = 60;

    /// <summary>Runs pairs of jobs until a node was schedulable under one of them, or there were enough.</summary>
    public static async Task<Report> RunAsync(ApiServerKind api, Action<string> say, CancellationToken stop = default)
    {
        await using var site = await Site.Site.StartAsync(new SiteOptions { Nodes = 4, Api = api, HandOver = HandOverBy.Scripts }, stop);
        await using var nodes = new NodeFollower(site.Api.AdminKubeconfig);
        await using var jobs = new JobFollower(site.Slurm);
        IReadOnlyList<(CertainRun Run, Sighting Sighting)> found = [];
        var pairs = 0;
        while (pairs < Pairs && found.Count == 0)
        {
            pairs++;
            say($"pair {pairs}: a job on all nodes, and one that waits for those that are given back last");
            await PairAsync(site);
            found = Verdict.Schedulable([.. jobs.History.Runs(), .. Verdict.Tasks(site.Probes)], nodes.History);
        }
        var report = new Report($"the control, scripts instead of the plugin, {api.ToString().ToLowerInvariant()} API server: {pairs} pairs of jobs on 4 nodes, nothing goes wrong");
        report.Note("running jobs whose node was schedulable (some must be found)", [.. found.Select(t => $"job {t.Run.Job} ran on {t.Run.Node} {t.Run.Window}; schedulable {t.Sighting.Window}")]);
        report.MustBeNone("controls in which the observer saw none", found.Count == 0 ? ["it is blind, or the scripts are better than they were"] : []);
        return report;
    }

    private static async Task PairAsync(Site.Site site)
    {
        var first = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(300), "-N4");
        var second = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(1500), "-N2", "-w", "n3,n4");
        await site.Slurm.WaitForJobEndAsync(first);
        await site.Slurm.WaitForJobEndAsync(second);
        await site.Slurm.WaitForIdleNodesAsync();
    }
}
