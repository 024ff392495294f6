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
}
