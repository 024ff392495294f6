using BeBiDa.Chaos.Observation;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Chaos;

/// <summary>The same observer over the scripts that the plugin replaces, and jobs back to back: it must find something.</summary>
public static class Control
{
    /// <summary>Runs two jobs back to back, with a kubectl that comes late, until a node was seen schedulable under the second.</summary>
    public static async Task<Report> RunAsync(ApiServerKind api, Action<string> say, CancellationToken stop = default)
    {
        await using var site = await Site.Site.StartAsync(
            new SiteOptions
            {
                Nodes = 2,
                Api = api,
                HandOver = HandOverBy.LateScripts,
            },
            stop
        );
        await using var nodes = new NodeFollower(site.Api.AdminKubeconfig);
        await using var jobs = new JobFollower(site.Slurm);
        IReadOnlyList<(CertainRun Run, Sighting Sighting)> found = [];
        say("a job on both nodes, and one that takes them as soon as it has ended");
        var first = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(300), "-N2");
        var second = await site.Probes.SubmitAsync(Eventually.Patience, "-N2");
        await site.Slurm.WaitForJobEndAsync(first, stop);
        await site.Slurm.WaitForJobAsync(second, JobState.Running, stop);
        try
        {
            await Eventually.HoldsAsync(
                "a node is seen schedulable",
                Eventually.Patience,
                _ => Task.FromResult((found = Found()).Count > 0),
                stop
            );
        }
        catch (TimeoutException)
        {
            // The report says so.
        }
        (await site.Slurm.RunAsync("scancel", [$"{second}"], stop)).EnsureSucceeded();
        var report = new Report(
            $"the control, scripts instead of the plugin, {api.ToString().ToLowerInvariant()} API server: two jobs back to back on 2 nodes, and a kubectl that comes late"
        );
        report.Note(
            "running jobs whose node was schedulable (some must be found)",
            [.. found.Select(t => $"job {t.Run.Job} ran on {t.Run.Node} {t.Run.Window}; schedulable {t.Sighting.Window}")]
        );
        report.MustBeNone(
            "controls in which the observer saw none",
            found.Count == 0 ? ["it is blind, or the scripts are better than they were"] : []
        );
        return report;

        IReadOnlyList<(CertainRun, Sighting)> Found() =>
            Verdict.Schedulable([.. jobs.History.Runs(), .. Verdict.Tasks(site.Probes)], nodes.History);
    }
}
