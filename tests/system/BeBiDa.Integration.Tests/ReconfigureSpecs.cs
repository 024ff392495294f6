using System.Text.RegularExpressions;

namespace BeBiDa.Site.Tests;

/// <summary>
/// <c>PrEpPlugins</c> is changed and read again by <c>scontrol reconfigure</c>. Until 23.02 that closes all PrEp plugins in the
/// running slurmctld, and opens those of the new list without callbacks.
/// </summary>
internal sealed class ReconfigureSpecs
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
                Assert.That(Errors(site), Has.Exactly(1).Items);
                Assert.That(Errors(site), Has.All.Contains("Run: systemctl restart slurmctld"));

                await site.Slurm.RestartControllerAsync();
                await HeldByNextJobAsync(site, "n1");
                Assert.That(Errors(site), Has.Exactly(1).Items);
            }
        );
    }

    [TestCase(false, TestName = "A_job_that_is_configuring_while_the_list_of_plugins_changes_starts_on_an_empty_node")]
    [TestCase(true, TestName = "A_job_that_is_configuring_while_the_plugin_is_taken_from_the_list_starts_on_an_empty_node")]
    public async Task A_job_that_is_configuring(bool removed)
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 2 },
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
                await HeldByNextJobAsync(site, "n2");
                await site.WaitUntilFreeAsync();
                Assert.That(site.Probes.Runs(), Has.Count.EqualTo(1));
                Assert.That(IsolationViolations.OfPods(site, pods), Is.Empty);
                Assert.That(IsolationViolations.OfNodes(site), Is.Empty);
                Assert.That(Errors(site), Is.Empty);
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
                await HeldByNextJobAsync(site, "n1");
                await site.WaitUntilFreeAsync();
                Assert.That(
                    site.Slurm.Controller.ReadLog(),
                    Does.Contain("taking node n1 again: the job is on the node and does not hold it")
                );

                await site.Slurm.RestartControllerAsync();
                Assert.That(
                    Directory
                        .EnumerateDirectories($"/proc/{site.Slurm.Controller.ProcessId}/task")
                        .Select(task => File.ReadAllText(Path.Combine(task, "comm"))),
                    Has.None.StartsWith("bebida_")
                );
            }
        );
    }

    private static async Task HeldByNextJobAsync(Site site, string node)
    {
        var job = await site.Slurm.SubmitAsync(["-w", node, "--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        await Sites.HeldAsync(site, node, job);
        (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await site.Slurm.WaitForJobEndAsync(job);
    }

    private static IReadOnlyList<string> Errors(Site site) =>
        [.. Regex.Matches(site.Slurm.Controller.ReadLog(), "^.*error: bebida: .*$", RegexOptions.Multiline).Select(line => line.Value)];
}
