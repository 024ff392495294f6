using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>Kubernetes is away when Slurm needs it.</summary>
internal sealed class OutageSpecs : SiteTest
{
    private static readonly Fault HoldsHang = new(FaultKind.Hang) { Verb = "patch", Resource = "nodes" };

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 2,
            Configuration =
                "  requestTimeout: 2s\ncontroller:\n  deadline: 5s\n  reconcileInterval: 1s\njobs:\n  mayKeep: {users: []}\neviction:\n  deadline: 3s\n  gracePeriod: 500ms\n",
        };

    [TearDown]
    public async Task ServeAsync() => await Site.EmbeddedApi.RestartAsync();

    [Test]
    public async Task A_job_that_started_without_Kubernetes_holds_its_nodes_once_it_is_back()
    {
        await using var pings = new PingWatch(Slurm);
        await Site.EmbeddedApi.StopAsync();
        var job = await StartJobAsync("-N2");
        Assert.That(
            Slurm.Controller.ReadLog(),
            Does.Contain($"job {job}: its nodes did not leave Kubernetes").And.Contain("the job starts (controller.onFailure)")
        );

        await Site.EmbeddedApi.RestartAsync();
        await HeldAsync("n1", job);
        await HeldAsync("n2", job);
        await pings.AssertAsync();
    }

    [Test]
    public async Task Nodes_that_a_job_gave_back_while_Kubernetes_was_away_are_free_once_it_is_back()
    {
        var job = await StartJobAsync("-N2");
        await using var pings = new PingWatch(Slurm);
        await Site.EmbeddedApi.StopAsync();
        await CancelAsync(job);

        await Site.EmbeddedApi.RestartAsync();
        await Site.WaitUntilFreeAsync();
        await pings.AssertAsync();
    }

    [Test]
    public async Task A_Kubernetes_that_hangs_holds_up_no_job_beyond_the_deadline()
    {
        await using var pings = new PingWatch(Slurm);
        var hang = Site.EmbeddedApi.Faults.Add(HoldsHang);
        var job = await StartJobAsync("-N2");

        hang.Dispose();
        await HeldAsync("n1", job);
        await HeldAsync("n2", job);
        await pings.AssertAsync();
    }

    [TestCase(500, null, TestName = "A_Kubernetes_that_fails_holds_up_no_job_beyond_the_deadline")]
    [TestCase(429, 60, TestName = "A_Kubernetes_that_asks_to_come_back_later_holds_up_no_job_beyond_the_deadline")]
    [TestCase(401, null, TestName = "A_Kubernetes_that_does_not_know_us_holds_up_no_job_beyond_the_deadline")]
    public async Task Refusals(int code, int? retryAfter)
    {
        await using var pings = new PingWatch(Slurm);
        using (
            Site.EmbeddedApi.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = code,
                    RetryAfter = retryAfter,
                    Verb = "patch",
                    Resource = "nodes",
                }
            )
        )
        {
            var job = await StartJobAsync("-N2");
            Assert.That(
                Slurm.Controller.ReadLog(),
                Does.Contain($" event=decommission outcome=timeout job={job} ").And.Contain($"{code} ")
            );
            await CancelAsync(job);
        }
        // What was owed to the first is done, whatever the server had asked to wait for.
        var next = await StartJobAsync("-N2");
        await HoldsAreAsync($"n1 lab.{next}", $"n2 lab.{next}");
        await pings.AssertAsync();
    }

    [Test]
    public async Task A_Kubernetes_whose_certificate_has_expired_holds_up_no_job_beyond_the_deadline()
    {
        await using var pings = new PingWatch(Slurm);
        await Site.EmbeddedApi.StopAsync();
        Site.EmbeddedApi.Faults.ExpiredServerCertificate = true;
        await Site.EmbeddedApi.RestartAsync();
        var job = await StartJobAsync("-N2");
        Site.EmbeddedApi.Faults.ExpiredServerCertificate = false;
        await HoldsAreAsync($"n1 lab.{job}", $"n2 lab.{job}");
        await pings.AssertAsync();
    }

    [Test]
    public async Task What_Kubernetes_refuses_holds_a_job_up_for_no_more_than_a_few_tries()
    {
        using (
            Site.EmbeddedApi.Faults.Add(
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 403,
                    Verb = "patch",
                    Resource = "nodes",
                }
            )
        )
        {
            var job = await StartJobAsync("-N2");
            Assert.That(Slurm.Controller.ReadLog(), Does.Match($"job {job}: decommission failed after .* 403 "));
            await CancelAsync(job);
        }
    }

    [Test]
    public Task In_an_outage_longer_than_a_job_may_wait_jobs_start_after_a_probe_and_hold_their_nodes_when_it_is_over() =>
        Sites.WithAsync(
            Options with
            {
                Configuration =
                    "controller: {deadline: 8s, reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\neviction: {deadline: 4s, gracePeriod: 500ms}\n",
            },
            async site =>
            {
                await site.EmbeddedApi.StopAsync();
                Assert.That(await AnswerAsync(site, "n1"), Does.StartWith(": "), "it waits as long as a job may");
                // The outage began when Kubernetes was first asked in vain: after two full waits it is longer than one of them.
                await AnswerAsync(site, "n1");
                Assert.That(await AnswerAsync(site, "n2"), Does.StartWith(" (the API server has been down for "));
                await site.EmbeddedApi.RestartAsync();
                await Eventually.HoldsAsync("all jobs hold their nodes", Patience, async _ => (await site.HoldsAsync()).Count == 3);
            }
        );

    [TestCase(false, TestName = "A_job_that_started_during_an_outage_in_which_slurmctld_was_restarted_holds_its_nodes_after_it")]
    [TestCase(true, TestName = "A_job_that_started_during_an_outage_in_which_slurmctld_crashed_holds_its_nodes_after_it")]
    public async Task Outage_and_restart(bool kill)
    {
        await Site.EmbeddedApi.StopAsync();
        var job = await StartJobAsync("-N2");
        await Slurm.WaitForSavedJobAsync(job);
        await Slurm.RestartControllerAsync(kill);
        await Slurm.WaitForJobAsync(job, JobState.Running);
        await Site.EmbeddedApi.RestartAsync();
        await HoldsAreAsync($"n1 lab.{job}", $"n2 lab.{job}");
    }

    [Test]
    public Task Events_that_Kubernetes_does_not_take_do_not_hold_up_the_end_of_slurmctld() =>
        Sites.WithAsync(
            Options with
            {
                Configuration = "",
            },
            async site =>
            {
                using var hang = site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "create", Resource = "events" });
                (await site.Slurm.RunAsync("srun", ["-N2", "true"])).EnsureSucceeded();
                await site.WaitUntilFreeAsync();
                await site.Slurm.RestartControllerAsync();
                // As it exits, slurmctld has closed its log.
                Assert.That(site.Slurm.Controller.ReadOutput(), Does.Not.Contain("does not stop"));
            }
        );

    [Test]
    public async Task A_job_that_came_and_went_while_Kubernetes_was_away_leaves_no_hold()
    {
        await Site.EmbeddedApi.StopAsync();
        await CancelAsync(await StartJobAsync("-N2"));
        var next = await StartJobAsync("-N1", "-w", "n1");

        await Site.EmbeddedApi.RestartAsync();
        await HeldAsync("n1", next);
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{next}" }));
    }

    // What is told of a job that starts during the outage; how long it waited is the host's matter too.
    private static async Task<string> AnswerAsync(Site site, string node)
    {
        var job = await site.Slurm.SubmitAsync([
            "-p",
            SlurmCluster.SharedPartition,
            "-w",
            node,
            "--output=/dev/null",
            "--wrap",
            "sleep 600",
        ]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        return Regex.Match(site.Slurm.Controller.ReadLog(), $@"job {job}: decommission timed out after [0-9hms]+(.*)").Groups[1].Value;
    }

    private Task HoldsAreAsync(params string[] holds) =>
        Eventually.HoldsAsync(
            $"the holds are [{string.Join(", ", holds)}]",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual(holds)
        );
}
