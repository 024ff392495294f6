using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Guest.Tests;

/// <summary>Thousands of jobs are allocated at once, on as many nodes without machines, while Kubernetes hangs.</summary>
internal sealed class BurstTests
{
    private const int Jobs = 5000;
    private const int MostThreads = 6 + 8; // as in LoadTests
    private const long MostForEach = 24 << 10;

    [Test, CancelAfter(600_000)]
    public async Task Five_thousand_hand_overs_at_once_take_bounded_memory_and_no_more_threads()
    {
        var options = Hosts.Options(HandOverBy.Plugin, slurm => slurm.WithFarNodes(Jobs)) with { Configuration = "controller:\n  deadline: 20m\n" };
        await Hosts.WithAsync(options, async site =>
        {
            await ShortJobs.RunAsync(site.Slurm, 50, Hosts.Patience);
            var before = Hosts.Read(site);
            // No hand-over can look for its nodes: all of them wait, first in our queue and then in the library.
            using (site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Resource = "nodes" }))
            {
                await site.Slurm.SubmitAsync([$"--array=1-{Jobs}", "--partition", FarNodes.Partition, "--output=/dev/null", "--wrap", "true"]);
                await CountAsync(site, "CONFIGURING", Jobs);
                var burst = Hosts.Read(site);
                TestContext.Out.WriteLine($"before {before.Anonymous >> 10} kB, {Jobs} under way {burst.Anonymous >> 10} kB, {burst.OurThreads.Count} threads");
                Assert.That(burst.OurThreads, Has.Count.LessThanOrEqualTo(MostThreads));
                Assert.That((burst.Anonymous - before.Anonymous) / Jobs, Is.LessThan(MostForEach), "bytes for each job, slurmctld's own record of it included");
            }
            (await site.Slurm.RunAsync("scancel", ["--user=root"])).EnsureSucceeded();
            await ShortJobs.GoneAsync(site.Slurm, TimeSpan.FromMinutes(5));
            await ShortJobs.RunAsync(site.Slurm, 50, Hosts.Patience);
            var after = Hosts.Read(site);
            TestContext.Out.WriteLine($"after {after.Anonymous >> 10} kB, {after.OurThreads.Count} threads");
            Assert.That(after.OurThreads, Has.Count.LessThanOrEqualTo(MostThreads));
            return after;
        });
    }

    private static Task CountAsync(Site.Site site, string state, int count) => Eventually.HoldsAsync($"{count} jobs are {state}", TimeSpan.FromMinutes(5), async cancel =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), cancel); // squeue keeps slurmctld from its work
        return (await site.Slurm.RunAsync("squeue", ["-h", "-r", "-t", state, "-o", "%i"], cancel)).StandardOutput.Count(c => c == '\n') == count;
    });
}
