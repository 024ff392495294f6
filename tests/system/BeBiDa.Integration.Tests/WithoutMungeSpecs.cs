namespace BeBiDa.Site.Tests;

/// <summary>Slurm knows its own by a key of its own (auth/slurm, from 23.11 on); no munged runs.</summary>
[TestFixtureSource(typeof(SlurmReleases), nameof(SlurmReleases.From2311))]
internal sealed class WithoutMungeSpecs(Version release) : ReleaseTest(release)
{
    [Test, Category("Core")]
    public Task Jobs_take_nodes_the_reconciler_repairs_and_bebidactl_sees_them() =>
        Sites.WithAsync(
            new SiteOptions
            {
                Nodes = 1,
                Configuration = "controller: {reconcileInterval: 1s}\n",
                Slurm = slurm => slurm with { WithoutMunge = true },
            },
            async site =>
            {
                var job = await site.Slurm.SubmitAsync(["-N1", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                await Sites.HeldAsync(site, "n1", job);

                await site.Kubectl.RunAsync("uncordon", "n1");
                await Sites.HeldAsync(site, "n1", job);
                (await site.Tool.RunAsync("decommission", "--job", "999999", "--nodes", "n1", "--cluster", "lab")).EnsureSucceeded();
                (await site.Tool.RunAsync("reconcile")).EnsureSucceeded();
                Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}" }));

                (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await site.WaitUntilFreeAsync();
            }
        );
}
