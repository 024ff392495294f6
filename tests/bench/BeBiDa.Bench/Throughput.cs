using System.Diagnostics;
using System.Globalization;
using BeBiDa.EmbeddedApi;
using BeBiDa.Footprint;
using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Bench;

/// <summary>How many jobs slurmctld gets done.</summary>
internal sealed class Throughput : IMeasurement
{
    private const int Nodes = 16;
    private const int FewByScripts = 20;

    // In seconds.
    private const double MostAdded = 0.0005;

    public string Name => "throughput";

    public string Title => "slurmctld's throughput";

    public async Task RunAsync(Settings settings, Section section)
    {
        var jobs = settings.Of(settings.Jobs, 40);
        var rounds = settings.Of(4, 2);
        await using var nobody = await StartAsync(HandOverBy.Nobody);
        await using var empty = await StartAsync(HandOverBy.Nobody, change: TestPlugins.WithEmpty);
        await using var plugin = await StartAsync(HandOverBy.Plugin);
        await using var lingering = await StartAsync(HandOverBy.Plugin, "nodes: {linger: 5s}\njobs: {mayKeep: {users: []}}\n");
        await using var scripts = await StartAsync(HandOverBy.Scripts);
        List<Site.Site> sites = [nobody, empty, plugin, lingering, scripts];
        var cordoned = 0;
        section.Text(
            $"{jobs} one-node jobs that do nothing, on {Nodes} empty nodes, with and without the plugin, in {rounds} rounds of {jobs / rounds} in turn. The scripts get a {FewByScripts}th as many. The time is from the submission of a round until its last job's end in slurmctld's log. "
                + "Jobs that share nodes come in fours: one processor a node, oversubscribed. Everything shares this machine's processors, including the API servers of five sites. Their time per job is that of all five, including their idle work. "
                + "The empty plugin reads each job and answers from a thread of its own, and does nothing else: what it adds, Slurm spends on any such plugin."
        );
        var rows = new List<IReadOnlyList<string>>();
        foreach (var partition in new[] { SlurmCluster.ExclusivePartition, SlurmCluster.SharedPartition })
            await MeasureAsync(partition);
        section.Table(
            [
                "jobs",
                "hand-over by",
                "jobs a second",
                "of nobody's",
                "processor time a job: slurmctld",
                "API servers and etcd",
                "all of the machine",
                "a job's wait for its node, p50",
                "p99",
            ],
            rows
        );
        if (cordoned > 0)
            section.Text(
                $"The scripts left nodes unschedulable {cordoned} times. If one job's epilog runs before another's prolog is done, the prolog undoes its `uncordon` permanently. The benchmark uncordons these nodes."
            );

        async Task MeasureAsync(string partition)
        {
            var rates = sites.ToDictionary(site => site, _ => new Samples());
            var costs = sites.ToDictionary(site => site, _ => new Costs());
            foreach (var site in sites)
            {
                await RateAsync(site, partition, settings.Of(40, 4));
                cordoned += await UncordonAsync(site);
            }
            var begin = sites.ToDictionary(site => site, site => site.Slurm.Controller.ReadLog().Length);
            for (var round = 0; round < rounds; round++)
                foreach (var site in sites)
                {
                    var count = site == scripts ? jobs / rounds / FewByScripts : jobs / rounds;
                    var before = Spent.Read(site);
                    rates[site].Add(await RateAsync(site, partition, count));
                    costs[site].Add(before, Spent.Read(site), count);
                    cordoned += await UncordonAsync(site);
                }
            var what = partition == SlurmCluster.SharedPartition ? "share nodes" : "take whole nodes";
            foreach (var (site, by) in sites.Zip(["nobody", "an empty PrEp plugin", "BeBiDa", "BeBiDa, `nodes.linger: 5s`", "scripts"]))
            {
                var waits = WaitsAfter(site, begin[site]);
                rows.Add([
                    what,
                    by,
                    rates[site].Median.ToString("0.0", CultureInfo.InvariantCulture),
                    site == nobody ? "1" : Figures.Ratio(rates[site].Median / rates[nobody].Median),
                    Figures.Time(costs[site].Slurmctld.Median),
                    settings.Api == ApiServerKind.Real ? Figures.Time(costs[site].Servers.Median) : "-",
                    Figures.Time(costs[site].Machine.Median),
                    .. site == plugin || site == lingering ? (string[])[Figures.Time(waits.Median), Figures.Time(waits.P99)] : ["-", "-"],
                ]);
            }
            Claim(plugin, "", 0.97);
            Claim(lingering, ", with `nodes.linger: 5s`", 0.95);
            var added = Added(lingering);
            section.Claim(
                $"slurmctld's processor time a job, {jobs} jobs that {what}, with `nodes.linger: 5s`",
                "at most 0.5 ms more than without the plugin",
                $"{Figures.Time(added)} more",
                added <= MostAdded,
                $"a plugin that does nothing adds {Figures.Time(Added(empty))}"
            );

            double Added(Site.Site site) => costs[site].Slurmctld.Median - costs[nobody].Slurmctld.Median;

            void Claim(Site.Site site, string how, double least)
            {
                var share = rates[site].Median / rates[nobody].Median;
                section.Claim(
                    $"slurmctld's throughput, {jobs} jobs that {what}{how}",
                    $"at least {Figures.Ratio(least)} of that without the plugin",
                    Figures.Ratio(share),
                    share >= least,
                    "these two processors are the limit. Most of the added time is the API server's work on the Node, which a site does on another machine (see the processor times)"
                );
            }
        }

        Task<Site.Site> StartAsync(HandOverBy by, string configuration = "", Func<SlurmOptions, SlurmOptions>? change = null) =>
            Site.Site.StartAsync(
                new SiteOptions
                {
                    Api = settings.Api,
                    Nodes = Nodes,
                    HandOver = by,
                    Configuration = configuration,
                    Slurm = slurm =>
                    {
                        slurm = slurm with { CpusPerNode = 1, Patience = TimeSpan.FromMinutes(20), LogLevel = "info" };
                        return (change?.Invoke(slurm) ?? slurm).ForShortJobs(jobs);
                    },
                }
            );
    }

    private static async Task<double> RateAsync(Site.Site site, string partition, int jobs)
    {
        var before = site.Slurm.Controller.ReadLog().Length;
        var began = DateTime.Now;
        await ShortJobs.RunAsync(site.Slurm, jobs, TimeSpan.FromMinutes(20), partition: partition);
        var last = SlurmLog
            .After(site, before)
            .Where(line => line.Text.Contains("_job_complete: JobId=", StringComparison.Ordinal))
            .Max(line => line.Time);
        if (site.Options.HandOver != HandOverBy.Scripts)
            await site.WaitUntilFreeAsync();
        return jobs / (last - began).TotalSeconds;
    }

    private static Samples WaitsAfter(Site.Site site, int begin)
    {
        var waits = new Samples();
        foreach (var wait in SlurmLog.HandOvers(site, begin))
            waits.Add(wait);
        return waits;
    }

    // Scripts of jobs that share a node undo one another: the last word on a node may be a drain's.
    private static async Task<int> UncordonAsync(Site.Site site)
    {
        await site.Slurm.WaitForIdleNodesAsync();
        var left = await site.UnschedulableAsync();
        if (left.Count > 0)
            await site.Kubectl.RunAsync(["uncordon", .. left]);
        return left.Count;
    }

    /// <summary>Processor time so far, in seconds.</summary>
    private sealed record Spent(double Slurmctld, double Servers, double Machine)
    {
        private static readonly string[] ServerPrograms = ["kube-apiserver", "etcd"];

        public static Spent Read(Site.Site site)
        {
            using var slurmctld = Process.GetProcessById(site.Slurm.Controller.ProcessId);
            var programs = ProcessorTimes.Read();
            return new Spent(slurmctld.TotalProcessorTime.TotalSeconds, ServerPrograms.Sum(programs.Of), ProcessorTimes.OfMachine());
        }
    }

    private sealed class Costs
    {
        public Samples Slurmctld { get; } = new();

        public Samples Servers { get; } = new();

        public Samples Machine { get; } = new();

        public void Add(Spent before, Spent after, int jobs)
        {
            Slurmctld.Add((after.Slurmctld - before.Slurmctld) / jobs);
            Servers.Add((after.Servers - before.Servers) / jobs);
            Machine.Add((after.Machine - before.Machine) / jobs);
        }
    }
}
