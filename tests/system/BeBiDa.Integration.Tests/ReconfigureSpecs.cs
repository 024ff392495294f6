namespace BeBiDa.Site.Tests;

/// <summary><c>PrEpPlugins</c> is changed, and read again by <c>scontrol reconfigure</c>, while a job is configuring.</summary>
[Category("Core")]
internal sealed class ReconfigureSpecs
{
    private const string Script = "prep/script";
    private const string Plugin = "prep/bebida";

    private static readonly TimeSpan JobTime = TimeSpan.FromMilliseconds(200);

    [TestCase(false, TestName = "A_job_that_is_configuring_while_the_list_of_plugins_changes_starts_on_an_empty_node")]
    [TestCase(true, TestName = "A_job_that_is_configuring_while_the_plugin_is_taken_from_the_list_starts_on_an_empty_node")]
    public async Task A_job_that_is_configuring(bool removed)
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 2, Configuration = "eviction: {gracePeriod: 15s}\n" },
            async site =>
            {
                await using var pods = new PodFollower(site.Api.AdminKubeconfig);
                await Workloads.RunAsync(site.Client, Workloads.Pod("slow", "n1", termination: "12"));
                var job = await site.Probes.SubmitAsync(JobTime, "-w", "n1");
                await site.Slurm.WaitForJobAsync(job, JobState.Configuring);
                if (removed)
                {
                    await site.Slurm.WritePrEpPluginsAsync([Script]);
                    await site.Slurm.ReconfigureAsync();
                }
                await site.Slurm.WritePrEpPluginsAsync([Plugin]);
                await site.Slurm.ReconfigureAsync();

                Assert.That((await site.Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
                await Sites.HeldByNextJobAsync(site, "n2");
                await site.WaitUntilFreeAsync();
                Assert.That(site.Probes.Runs(), Has.Count.EqualTo(1));
                Assert.That(IsolationViolations.OfPods(site, pods), Is.Empty);
                Assert.That(IsolationViolations.OfNodes(site), Is.Empty);
                Assert.That(Sites.Errors(site), Is.Empty);
            }
        );
    }
}
