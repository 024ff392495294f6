using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Bench;

/// <summary>How long a job waits whose nodes were held before it came.</summary>
internal sealed class Foreseen : IMeasurement
{
    private const int Nodes = 8;

    public string Name => "foreseen";

    public string Title => "A job that was foreseen";

    public async Task RunAsync(Settings settings, Section section)
    {
        var (rounds, few) = (settings.Of(101, 1), settings.Of(15, 1));
        var own = await MeasureAsync(settings, few, HandOverBy.Nobody, "", held: 0);
        var without = await MeasureAsync(settings, few, HandOverBy.Plugin, "", held: 0);
        var with = await MeasureAsync(
            settings,
            rounds,
            HandOverBy.Plugin,
            "nodes: {lead: 5m}\njobs: {mayKeep: {users: []}}\n",
            held: Nodes - 1
        );
        section.Text(
            $"Jobs of {Nodes} nodes, planned for when a job on one of them ends, which is cancelled then. On each of the others is a pod that takes "
                + $"200 ms to end. With `nodes.lead`, these nodes are held before, and their pods have left. {few} rounds on a site without us, and on "
                + $"one without `nodes.lead`, and {rounds} with it. The hand-over is as slurmctld's log has it. The first command is noted by the job's script."
        );
        section.Table(
            ["", "hand-over, median", "p99", "allocation to first command, median", "p99"],
            [Row("nobody", own), Row("BeBiDa", without), Row("BeBiDa, foreseen", with)]
        );
        section.Claim(
            "a foreseen job's hand-over, p99",
            "under 50 ms",
            Figures.Time(with.HandOver.P99),
            with.HandOver.P99 < 0.05,
            "the one node that a job has just left is asked for, while the API server shares these processors with slurmd"
        );
    }

    // One site at a time: three API servers, and looks at Slurm each second, would keep two processors busy.
    private static async Task<Waits> MeasureAsync(Settings settings, int rounds, HandOverBy by, string configuration, int held)
    {
        await using var site = await Site.Site.StartAsync(
            new SiteOptions
            {
                Api = settings.Api,
                Nodes = Nodes,
                HandOver = by,
                Configuration = "slurm: {lookInterval: 1s}\n" + configuration,
                Slurm = slurm =>
                    slurm with
                    {
                        ExtraConfiguration =
                        [
                            "SchedulerParameters=bf_interval=1,bf_resolution=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0",
                        ],
                    },
            }
        );
        var waits = new Waits();
        // The first is to get warm.
        await MeasureAsync(site, held, new Waits());
        for (var round = 0; round < rounds; round++)
            await MeasureAsync(site, held, waits);
        return waits;
    }

    private static async Task MeasureAsync(Site.Site site, int held, Waits waits)
    {
        var first = await site.Slurm.SubmitAsync(["-w", "n1", "--time=3", "--output=/dev/null", "--wrap", "sleep 1000"]);
        await site.Slurm.WaitForJobAsync(first, JobState.Running);
        if (site.Options.HandOver != HandOverBy.Nobody)
            await Pods.RunAsync(site, site.Slurm.Nodes.Except(["n1"]));
        var before = site.Slurm.Controller.ReadLog().Length;
        var job = await NotingJob.SubmitAsync(site, $"-N{Nodes}", "--time=1");
        if (held > 0)
            await Eventually.HoldsAsync(
                $"{held} nodes have a lease for job {job.Id}",
                TimeSpan.FromMinutes(2),
                async _ => (await site.HoldsAsync()).Count(h => h.EndsWith(" lab.linger", StringComparison.Ordinal)) == held
            );
        (await site.Slurm.RunAsync("scancel", [$"{first}"])).EnsureSucceeded();
        var started = await job.StartAsync();
        waits.Start.Add((started - SlurmLog.Allocation(site, before, job.Id)).TotalSeconds);
        foreach (var wait in SlurmLog.HandOvers(site, before))
            waits.HandOver.Add(wait);
        await site.WaitUntilFreeAsync();
    }

    private static string[] Row(string by, Waits waits) =>
        [
            by,
            waits.HandOver.Count == 0 ? "-" : Figures.Time(waits.HandOver.Median),
            waits.HandOver.Count == 0 ? "-" : Figures.Time(waits.HandOver.P99),
            Figures.Time(waits.Start.Median),
            Figures.Time(waits.Start.P99),
        ];

    private sealed class Waits
    {
        public Samples HandOver { get; } = new();

        public Samples Start { get; } = new();
    }
}
