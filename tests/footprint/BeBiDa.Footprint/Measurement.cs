using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Footprint;

/// <summary>slurmctld with the plugin, measured over many jobs, beside one without it.</summary>
/// <param name="Jobs">How many short jobs run with the plugin.</param>
/// <param name="Baseline">How many run without it.</param>
/// <param name="WideJobs">How many jobs take all far nodes.</param>
/// <param name="FarNodes">How many nodes that is.</param>
public sealed record Measurement(int Jobs, int Baseline, int WideJobs, int FarNodes)
{
    private const int Nodes = 4;
    private const int AtOnce = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(2);

    /// <summary>Measures, and tells as it goes.</summary>
    /// <returns>Whether what is claimed held.</returns>
    public async Task<bool> RunAsync(TextWriter output)
    {
        var alone = await AloneAsync(output);
        var file = Path.GetTempFileName();
        try
        {
            HookTimes times = null!;
            await using var site = await Site.Site.StartAsync(
                Options(HandOverBy.Plugin, slurm => HookTimes.Around(slurm, file, out times))
            );
            var report = new Report(output, alone);
            output.WriteLine($"with the plugin, {Jobs} jobs:");
            await LoadAsync(site, Jobs, report.Sample);
            report.Hooks("jobs of one node", times, 0);

            var before = times.Count;
            await WideAsync(site);
            report.Hooks($"jobs of {FarNodes} nodes", times, before);
            report.Process(Read(site));
            var told = site.Slurm.Controller.ReadLog().Split('\n').Count(line => line.Contains("error: bebida", StringComparison.Ordinal));
            report.Claim("errors of the plugin in slurmctld's log", told, 0, "");
            return report.Held;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ProcessState Read(Site.Site site) => ProcessState.Read(site.Slurm.Controller.ProcessId);

    private async Task<ProcessState> AloneAsync(TextWriter output)
    {
        await using var site = await Site.Site.StartAsync(Options(HandOverBy.Nobody, slurm => slurm));
        output.WriteLine($"without the plugin, {Baseline} jobs:");
        await LoadAsync(site, Baseline, new Report(output, null).Sample);
        return Read(site);
    }

    private SiteOptions Options(HandOverBy by, Func<SlurmOptions, SlurmOptions> last) =>
        new()
        {
            Nodes = Nodes,
            HandOver = by,
            // Far nodes are no nodes of this Kubernetes: it is not what is measured.
            Slurm = slurm =>
                last(
                    (slurm with { CpusPerNode = 16, Patience = Patience, LogLevel = "info" })
                        .ForShortJobs(Jobs)
                        .WithFarNodes(FarNodes, AtOnce)
                ),
        };

    private async Task LoadAsync(Site.Site site, int jobs, Action<int, ProcessState> sample)
    {
        var next = 0;
        await ShortJobs.RunAsync(
            site.Slurm,
            jobs,
            Patience,
            left =>
            {
                if (jobs - left < next)
                    return;
                next = jobs - left + jobs / 20;
                sample(jobs - left, Read(site));
            }
        );
        await site.WaitUntilFreeAsync();
        // slurmctld forgets jobs MinJobAge after their end, some seconds later.
        await Task.Delay(TimeSpan.FromSeconds(15));
        sample(jobs, Read(site));
    }

    private async Task WideAsync(Site.Site site)
    {
        await site.Slurm.SubmitAsync([
            $"--array=1-{WideJobs}",
            "--partition",
            FarPartition,
            $"--nodes={FarNodes}",
            "--output=/dev/null",
            "--wrap",
            "true",
        ]);
        await ShortJobs.GoneAsync(site.Slurm, Patience, CancelStarted);

        void CancelStarted(int left) => CancelAsync().GetAwaiter().GetResult();

        async Task CancelAsync()
        {
            var started = (
                await site.Slurm.RunAsync("squeue", ["-h", "-r", "-t", "CONFIGURING,RUNNING", "-p", FarPartition, "-o", "%i"])
            ).EnsureSucceeded();
            if (started.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } ids)
                await site.Slurm.RunAsync("scancel", ids); // some may be over by now
        }
    }

    private static string FarPartition => Footprint.FarNodes.Partition;
}
