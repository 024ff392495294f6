using System.Globalization;
using BeBiDa.Site;

namespace BeBiDa.Footprint;

/// <summary>What it costs slurmctld that the plugin reads its plans while thousands of jobs are pending, beside what <c>squeue</c> costs it.</summary>
/// <param name="Jobs">How many jobs are pending.</param>
/// <param name="Nodes">How many nodes there are beside eight with a slurmd, without machines.</param>
public sealed record Plans(int Jobs, int Nodes)
{
    // slurmctld asks after nodes that do not answer every 100 s, which costs it more than reading plans.
    private const int Seconds = 300;
    private const string Off = "lead: 0s";
    private const string On = "lead: 1h";
    private const int Queues = 5;
    private const int AtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Measures without foresight, and with it. Slurm's SchedulerParameters are its defaults: bf_interval is 30 s.</summary>
    public async Task RunAsync(TextWriter output)
    {
        output.WriteLine($"{Jobs} pending jobs, {Nodes} nodes; a job is planned on idle nodes all the time; {Seconds} s each:");
        await using var site = await StartAsync();
        await Parallel.ForAsync(
            0,
            Jobs,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (_, cancel) =>
                await site.Slurm.SubmitAsync(["--hold", "-p", FarNodes.Partition, "--output=/dev/null", "--wrap", "true"], cancel)
        );
        await site.Slurm.SubmitAsync(["-w", "n1", "--time=60", "--output=/dev/null", "--wrap", "sleep 3600"]);
        await site.Slurm.SubmitAsync(["-N8", "--time=20", "--output=/dev/null", "--wrap", "sleep 1200"]);
        // Each slurmctld is as new as the other.
        await site.Slurm.RestartControllerAsync();
        var without = await OneAsync(site, output, Off);
        await File.WriteAllTextAsync(
            site.ConfigurationFile,
            (await File.ReadAllTextAsync(site.ConfigurationFile)).Replace(Off, On, StringComparison.Ordinal)
        );
        await site.Slurm.RestartControllerAsync();
        var with = await OneAsync(site, output, On);
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"  reading plans takes {(with - without) / 10:0.00} % of one processor")
        );
    }

    private Task<Site.Site> StartAsync() =>
        Site.Site.StartAsync(
            new SiteOptions
            {
                Nodes = 8,
                Configuration = $"nodes: {{{Off}, include: [\"n*\"]}}\njobs:\n  mayKeep: {{users: []}}\n",
                Slurm = slurm =>
                    slurm with
                    {
                        Patience = Patience,
                        LogLevel = "info",
                        ExtraConfiguration =
                        [
                            $"NodeName=f[1-{Nodes}] NodeAddr=127.0.0.1 Port=9 CPUs=1 State=DOWN",
                            $"PartitionName={FarNodes.Partition} Nodes=f[1-{Nodes}]",
                            "SlurmdTimeout=0",
                            $"MaxJobCount={2 * Jobs}",
                            "SchedulerParameters=bf_interval=30",
                        ],
                    },
            }
        );

    private static async Task<double> OneAsync(Site.Site site, TextWriter output, string what)
    {
        // Backfill has planned by then, and two readings have agreed.
        await Task.Delay(TimeSpan.FromSeconds(90));
        var process = site.Slurm.Controller.ProcessId;
        var before = ProcessorTime.Of(process);
        await Task.Delay(TimeSpan.FromSeconds(Seconds));
        var spent = (ProcessorTime.Of(process) - before) * 1000 / Seconds;
        before = ProcessorTime.Of(process);
        for (var i = 0; i < Queues; i++)
            (await site.Slurm.RunAsync("squeue", ["--all"])).EnsureSucceeded();
        var queue = (ProcessorTime.Of(process) - before) * 1000 / Queues;
        var held = (await site.HoldsAsync()).Count(hold => hold.EndsWith(".planned", StringComparison.Ordinal));
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  nodes.{what}: {spent:0.0} ms of processor time a second; {held} nodes held; one squeue costs slurmctld {queue:0} ms"
            )
        );
        return spent;
    }
}
