namespace BeBiDa.Site.Tests;

/// <summary>
/// <c>PrEpPlugins</c> is changed and read again by <c>scontrol reconfigure</c>. Until 23.02 that closes all PrEp plugins in the
/// running slurmctld, and opens those of the new list without callbacks.
/// </summary>
[TestFixtureSource(typeof(SlurmReleases), nameof(SlurmReleases.Until2302))]
internal sealed class ReconfigureInPlaceSpecs(Version release) : ReleaseTest(release)
{
    private const string Script = "prep/script";
    private const string Plugin = "prep/bebida";

    private static readonly TimeSpan JobTime = TimeSpan.FromMilliseconds(200);

    [TestCase(Plugin, TestName = "A_plugin_that_is_added_while_slurmctld_runs_lets_jobs_run_and_asks_for_a_restart")]
    [TestCase(
        Script,
        Plugin,
        TestName = "A_plugin_that_is_added_beside_a_script_while_slurmctld_runs_lets_jobs_run_and_asks_for_a_restart"
    )]
    public async Task A_plugin_that_is_added(params string[] plugins)
    {
        var options = new SiteOptions
        {
            Nodes = 2,
            // With a script for it, slurmctld calls the hooks of all plugins.
            Slurm = slurm =>
                slurm with
                {
                    PrEpPlugins = [Script],
                    PrologSlurmctld = "#!/bin/sh\nexit 0\n",
                    EpilogSlurmctld = "#!/bin/sh\nexit 0\n",
                },
        };
        await Sites.WithAsync(
            options,
            async site =>
            {
                await site.Slurm.WritePrEpPluginsAsync(plugins);
                await site.Slurm.ReconfigureAsync();

                // A batch job first: srun asks a slurmctld that has crashed again and again.
                var batch = await site.Probes.SubmitAsync(JobTime, "-N2");
                Assert.That((await site.Slurm.WaitForJobEndAsync(batch)).Single().State, Is.EqualTo(JobState.Completed));
                (await site.Probes.RunAsync(JobTime, "-N2")).EnsureSucceeded();
                await site.Slurm.WaitForIdleNodesAsync();
                Assert.That(site.Slurm.Controller.IsRunning, Is.True);
                Assert.That(Sites.Errors(site), Has.Exactly(1).Items);
                Assert.That(Sites.Errors(site), Has.All.Contains("Run: systemctl restart slurmctld"));

                await site.Slurm.RestartControllerAsync();
                await Sites.HeldByNextJobAsync(site, "n1");
                Assert.That(Sites.Errors(site), Has.Exactly(1).Items);
            }
        );
    }

    [Test]
    public async Task Where_the_plugin_is_taken_from_the_list_the_reconciler_goes_on_until_slurmctld_is_restarted()
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 2, Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n" },
            async site =>
            {
                await site.Slurm.WritePrEpPluginsAsync([Script]);
                await site.Slurm.ReconfigureAsync();
                await Sites.HeldByNextJobAsync(site, "n1");
                await site.WaitUntilFreeAsync();
                Assert.That(
                    site.Slurm.Controller.ReadLog(),
                    Does.Contain("taking node n1 again: the job is on the node and does not hold it")
                );

                await site.Slurm.RestartControllerAsync();
                Assert.That(Sites.OurThreads(site), Is.Empty);
            }
        );
    }
}
