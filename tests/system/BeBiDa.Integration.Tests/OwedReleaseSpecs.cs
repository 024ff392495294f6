using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>slurmctld is killed while it owes Kubernetes a node.</summary>
internal sealed class OwedReleaseSpecs
{
    [Test]
    public Task A_release_that_a_crash_of_slurmctld_has_left_owed_is_done_when_it_is_back()
    {
        // Slurm is answered soon, while the release is still owed.
        var options = new SiteOptions
        {
            Nodes = 2,
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 2s, reconcileInterval: 1s}\neviction: {deadline: 1s, gracePeriod: 500ms}\n",
        };
        return Sites.WithAsync(
            options,
            async site =>
            {
                var job = await site.Slurm.SubmitAsync(["-w", "n1", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                // Refused, not left hanging: a request in flight at the kill might be served after it.
                var refusal = site.EmbeddedApi.Faults.Add(
                    new Fault(FaultKind.Refuse)
                    {
                        StatusCode = 503,
                        Verb = "patch",
                        Resource = "nodes",
                    }
                );
                (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await site.Slurm.WaitForJobEndAsync(job);
                // The end of a job that slurmctld had not written down, it would see again; one more job makes it write.
                var later = await site.Slurm.SubmitAsync(["--hold", "--output=/dev/null", "--wrap", "true"]);
                await site.Slurm.WaitForSavedJobAsync(later);
                await site.Slurm.StopControllerAsync(kill: true);
                refusal.Dispose();
                Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}" }));

                await site.Slurm.StartControllerAsync();
                await Eventually.HoldsAsync("no hold is left", Eventually.Patience, async _ => (await site.HoldsAsync()).Count == 0);
            }
        );
    }
}
