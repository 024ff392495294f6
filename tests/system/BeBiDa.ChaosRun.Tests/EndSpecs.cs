using BeBiDa.Chaos.Adversities;
using BeBiDa.Chaos.Load;
using BeBiDa.Chaos.Observation;
using BeBiDa.Lab;
using BeBiDa.Site;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>However a run goes wrong, it ends, and says what has not.</summary>
internal sealed class EndSpecs
{
    private const string Node = "n1";

    [Test, CancelAfter(600_000)]
    public async Task A_node_that_a_crash_of_slurmctld_makes_unfit_again_is_made_fit_again(
        [Values("down", "fail", "maint")] string state,
        CancellationToken stop
    )
    {
        await using var slurm = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1 }, stop);
        var nodes = new UnfitNodes(slurm);
        await nodes.BeginAsync(state, [Node], stop);
        // An orderly end writes all down: what slurmctld knows again if it is killed before it writes the next time.
        await slurm.StopControllerAsync(cancellationToken: stop);
        var saved = ReadState(slurm);
        await slurm.StartControllerAsync(stop);
        await nodes.EndAsync(stop);

        await slurm.StopControllerAsync(kill: true, stop);
        foreach (var (file, content) in saved)
            await File.WriteAllBytesAsync(file, content, stop);
        await slurm.StartControllerAsync(stop);
        // A DOWN node may have come back by itself, when its slurmd registered (ReturnToService).
        if (state != "down")
            Assert.That(await nodes.LeftAsync(stop), Is.Not.Empty, "what the crash brought back");

        await nodes.EndAsync(stop);
        await slurm.WaitForIdleNodesAsync(stop);
        (await slurm.RunAsync("srun", ["-w", Node, "true"], stop)).EnsureSucceeded();
    }

    [Test, CancelAfter(600_000)]
    public async Task An_interactive_job_that_waits_for_a_node_in_vain_is_told_of_and_ends_nothing_else(CancellationToken stop)
    {
        await using var site = await Site.Site.StartAsync(new SiteOptions { Nodes = 2 }, stop);
        await using var jobs = new JobFollower(site.Slurm);
        (await site.Slurm.RunAsync("scontrol", ["update", $"NodeName={Node}", "State=drain", "Reason=broken"], stop)).EnsureSucceeded();
        var load = new JobLoad(site, jobs, new Gate(), new ChaosOptions { JobBound = TimeSpan.FromSeconds(5) });

        await load.RunAsync(
                new PlannedJob(
                    "waits",
                    Fate.Interactive,
                    ["-p", SlurmCluster.SharedPartition, "-N1", "-w", Node],
                    TimeSpan.Zero,
                    TimeSpan.Zero
                ),
                stop
            )
            .WaitAsync(Eventually.Patience, stop);

        Assert.That(load.Late, Has.One.Contains("waits is PENDING").And.One.Contains($"{Node} drained broken"));
    }

    private static Dictionary<string, byte[]> ReadState(SlurmCluster slurm) =>
        Directory
            .EnumerateFiles(Path.Combine(slurm.Directory, "state"))
            .Where(file => Path.GetFileName(file) is "node_state" or "resv_state")
            .ToDictionary(file => file, File.ReadAllBytes);
}
