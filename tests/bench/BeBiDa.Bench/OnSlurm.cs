using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Bench;

/// <summary>What a hand-over adds to a job's start.</summary>
internal sealed class EmptyNodes : IMeasurement
{
    public string Name => "srun";

    public string Title => "`srun -N8 true` on empty nodes";

    public async Task RunAsync(Settings settings, Section section)
    {
        var rounds = settings.Of(41, 1);
        var cost = await HandOverCost.MeasureAsync(settings.Api, rounds);
        section.Text(
            $"Three sites of eight nodes, with real Slurm daemons on one host. Medians of {rounds} rounds, one site after the other in turn. The column beside each median is its uncertainty (the notch of a box plot). srun polls for its job, which hides a part of the hand-over."
        );
        section.Table(
            ["hand-over by", "the whole command", "may be off by", "added"],
            [
                ["nobody", Figures.Time(cost.Nobody.Median), Figures.Time(cost.Nobody.Uncertainty), "-"],
                ["BeBiDa", Figures.Time(cost.Plugin.Median), Figures.Time(cost.Plugin.Uncertainty), Figures.Time(cost.AddedByPlugin)],
                ["scripts", Figures.Time(cost.Scripts.Median), Figures.Time(cost.Scripts.Uncertainty), Figures.Time(cost.AddedByScripts)],
            ]
        );
        // The most that it may be is what is held against the target.
        var most = cost.MostAddedByPlugin;
        section.Claim(
            "added to `srun -N8 true`",
            "at most 1/50 of what scripts add",
            $"1/{Figures.Ratio(cost.AddedByScripts / most)} at most ({Figures.Time(Math.Max(0, cost.AddedByPlugin))} and {Figures.Time(cost.Uncertainty)} of uncertainty)",
            cost.AddedByScripts >= 50 * most,
            "eight applies and then eight lists need two round trips to the API server, on a machine that also starts the job's eight slurmstepd"
        );
    }
}

/// <summary>How soon a job starts after its last pod has gone.</summary>
internal sealed class LastPod : IMeasurement
{
    private const int Nodes = 8;

    public string Name => "lastpod";

    public string Title => "From the last pod's end to the job's start";

    public async Task RunAsync(Settings settings, Section section)
    {
        var rounds = settings.Of(15, 2);
        await using var nobody = await Site.Site.StartAsync(
            new SiteOptions
            {
                Api = settings.Api,
                Nodes = Nodes,
                HandOver = HandOverBy.Nobody,
            }
        );
        await using var plugin = await Site.Site.StartAsync(new SiteOptions { Api = settings.Api, Nodes = Nodes });
        await using var pods = new PodObserver(plugin.Client);
        var (alone, ours) = (new Samples(), new Samples());
        for (var round = -1; round < rounds; round++)
        {
            var own = await AloneAsync(nobody);
            var with = await WithPodsAsync(plugin, pods);
            if (round < 0)
                continue;
            alone.Add(own);
            ours.Add(with);
        }
        var more = ours.Median - alone.Median;
        section.Text(
            $"Batch jobs of {Nodes} nodes, two pods on each that take 200 ms to end; medians of {rounds} rounds. "
                + "With the plugin: from the moment when the benchmark's own watch sees the last pod go, until the job's script notes the time. Slurm's own: from the allocation in slurmctld's log until the same, on a site without the plugin."
        );
        section.Table(
            ["", "median", "longest"],
            [
                ["last pod gone, to the job's first command", Figures.Time(ours.Median), Figures.Time(ours.Max)],
                ["Slurm's own: allocation, to the job's first command", Figures.Time(alone.Median), Figures.Time(alone.Max)],
                ["beyond Slurm's own", Figures.Time(more), ""],
            ]
        );
        section.Claim(
            "last pod gone to job started, beyond Slurm's own",
            "under 20 ms",
            Figures.Time(more),
            more < 0.02,
            "slurmctld checks every second, or after an event, whether a job's prologs are done"
        );
    }

    private static async Task<double> AloneAsync(Site.Site site)
    {
        var before = site.Slurm.Controller.ReadLog().Length;
        var job = await NotingJob.SubmitAsync(site, $"-N{Nodes}");
        var started = await job.StartAsync();
        await site.WaitUntilFreeAsync();
        return (started - SlurmLog.Allocation(site, before, job.Id)).TotalSeconds;
    }

    private static async Task<double> WithPodsAsync(Site.Site site, PodObserver observer)
    {
        await Pods.RunAsync(site, Enumerable.Range(0, 2 * Nodes).Select(i => $"n{i % Nodes + 1}"));
        var started = await (await NotingJob.SubmitAsync(site, $"-N{Nodes}")).StartAsync();
        await site.WaitUntilFreeAsync();
        await Eventually.HoldsAsync(
            "the pods are gone",
            TimeSpan.FromSeconds(30),
            _ => Task.FromResult(observer.Stays().All(s => s.Until is not null))
        );
        return (started - observer.Stays().Max(s => s.Until!.Value)).TotalSeconds;
    }
}
