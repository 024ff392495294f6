namespace BeBiDa.Site.Tests;

/// <summary>The package is upgraded, and slurmctld goes on with what it had loaded until it is restarted.</summary>
internal sealed class UpgradeSpecs
{
    private string folder = null!;

    [SetUp]
    public void CopyTheBuild()
    {
        var build = PluginBuild.Locate();
        folder = Directory.CreateTempSubdirectory("bebida-upgrade-").FullName;
        foreach (
            var file in Directory.GetFiles(build.PluginDirectory, "*bebida*.so").Concat(Directory.GetFiles(build.LibraryDirectory, "*.so"))
        )
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    [TearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [Test]
    public Task Jobs_come_and_go_over_an_upgrade_and_the_restart_after_it() =>
        WithAsync(async site =>
        {
            var over = await RunAsync(site, "n1");
            Upgrade();
            var after = await RunAsync(site, "n2");
            await site.Slurm.ReconfigureAsync();
            await CancelAsync(site, after);
            await HoldsAreAsync(site, $"n1 lab.{over}");

            await site.Slurm.RestartControllerAsync();
            await Sites.HeldAsync(site, "n1", over);
            var next = await RunAsync(site, "n2");
            await HoldsAreAsync(site, $"n1 lab.{over}", $"n2 lab.{next}");
            await CancelAsync(site, over);
            await CancelAsync(site, next);
            await site.WaitUntilFreeAsync();
        });

    [Test]
    public Task A_library_that_is_removed_under_slurmctld_is_missed_at_its_restart_only_and_jobs_run_all_the_same() =>
        WithAsync(async site =>
        {
            File.Delete(Path.Combine(folder, "libbebida_controller.so"));
            var job = await RunAsync(site, "n1");
            await HoldsAreAsync(site, $"n1 lab.{job}");
            await site.Slurm.RestartControllerAsync();
            await CancelAsync(site, job);
            await CancelAsync(site, await RunAsync(site, "n1"));
            Assert.That(site.Slurm.Controller.ReadLog(), Does.Contain("cannot open libbebida_controller.so"));
            // Nobody was there to release it; the tool is.
            (await site.Tool.RunAsync("reconcile")).EnsureSucceeded();
            await site.WaitUntilFreeAsync();
        });

    // As dpkg does it: the new file is written beside the old one and renamed over it.
    private void Upgrade()
    {
        foreach (var file in Directory.GetFiles(folder, "*.so"))
        {
            File.Copy(file, file + ".dpkg-new");
            File.Move(file + ".dpkg-new", file, overwrite: true);
        }
    }

    private Task WithAsync(Func<Site, Task> test) =>
        Sites.WithAsync(
            new SiteOptions
            {
                Nodes = 2,
                Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n",
                Slurm = slurm => (slurm with { PluginDirectory = folder }).In(folder),
            },
            test
        );

    private static async Task<int> RunAsync(Site site, string node)
    {
        var job = await site.Slurm.SubmitAsync(["-w", node, "--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        return job;
    }

    private static async Task CancelAsync(Site site, int job)
    {
        (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await site.Slurm.WaitForJobEndAsync(job);
    }

    private static Task HoldsAreAsync(Site site, params string[] holds) =>
        Eventually.HoldsAsync(
            $"the holds are [{string.Join(", ", holds)}]",
            Eventually.Patience,
            async _ => (await site.HoldsAsync()).SequenceEqual(holds)
        );
}
