using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Footprint.Tests;

/// <summary>Thousands of jobs are allocated at once, on as many nodes without machines, while Kubernetes hangs.</summary>
internal sealed class BurstSpecs
{
    private const int Jobs = 5000;
    private const int MostThreads = 6 + 8; // as in LoadSpecs

    // With garbage, of which there is more on a busy host: 17.7 kB were seen.
    private const long MostForEach = 24 << 10;

    [Test, CancelAfter(3_600_000)]
    public async Task Five_thousand_hand_overs_at_once_take_bounded_memory_and_no_more_threads()
    {
        var alone = await BurstAsync(HandOverBy.Nobody);
        var guest = await BurstAsync(HandOverBy.Plugin);
        TestContext.Out.WriteLine($"bytes for each of {Jobs} jobs: {alone} without us, {guest} with us");
        Assert.That(guest - alone, Is.LessThan(MostForEach));
    }

    // How many bytes slurmctld takes for each job.
    private static Task<long> BurstAsync(HandOverBy by)
    {
        // However long a busy host takes: no job is answered meanwhile, and nothing is told of a Kubernetes that does not answer.
        var options = Hosts.Options(by, slurm => slurm.WithFarNodes(Jobs)) with
        {
            Configuration = "  requestTimeout: 5m\ncontroller:\n  deadline: 1h\n  reconcileInterval: 1h\n",
        };
        return Hosts.WithAsync(
            options,
            async site =>
            {
                await ShortJobs.RunAsync(site.Slurm, 50, Hosts.Patience);
                var before = Hosts.Read(site);
                ProcessState burst;
                // No hand-over can look for its nodes: all of them wait, first in our queue and then in the library.
                using (site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Resource = "nodes" }))
                {
                    await site.Slurm.SubmitAsync([
                        $"--array=1-{Jobs}",
                        "--partition",
                        FarNodes.Partition,
                        "--output=/dev/null",
                        "--wrap",
                        "true",
                    ]);
                    await CountAsync(site, "CONFIGURING", Jobs);
                    burst = Hosts.Read(site);
                    Assert.That(burst.OurThreads, Has.Count.LessThanOrEqualTo(MostThreads), "while it lasts");
                }
                (await site.Slurm.RunAsync("scancel", ["--user=root"])).EnsureSucceeded();
                await ShortJobs.GoneAsync(site.Slurm, Hosts.Patience);
                Assert.That(Hosts.Read(site).OurThreads, Has.Count.LessThanOrEqualTo(MostThreads), "after it");
                return (burst.Anonymous - before.Anonymous) / Jobs;
            }
        );
    }

    private static Task CountAsync(Site.Site site, string state, int count) =>
        Eventually.HoldsAsync(
            $"{count} jobs are {state}",
            Hosts.Patience,
            async cancel =>
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancel); // squeue keeps slurmctld from its work
                return (await site.Slurm.RunAsync("squeue", ["-h", "-r", "-t", state, "-o", "%i"], cancel)).StandardOutput.Count(c =>
                        c == '\n'
                    ) == count;
            }
        );
}
