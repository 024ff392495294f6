namespace BeBiDa.Site.Tests;

/// <summary>The library in slurmctld hangs, throws, is another's or is not there: slurmctld does not mind, and jobs are treated as configured.</summary>
internal sealed class BrokenLibrarySpecs
{
    private const string Absent = "is absent";

    private string folder = null!;

    [OneTimeSetUp]
    public async Task CompileAsync()
    {
        folder = Directory.CreateTempSubdirectory("bebida-standin-").FullName;
        await Standin.CompileAsync(folder);
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [TestCase("hangs when started", "no answer within controller.deadline")]
    [TestCase("hangs in a call", "no answer within controller.deadline")]
    [TestCase("never answers", "no answer within controller.deadline")]
    [TestCase("throws when started", "the library is not running")]
    [TestCase("throws in a call", "the library rejected the request")]
    [TestCase("reports a failure", "the library reported a failure")]
    [TestCase("has another ABI", "Install both from one release")]
    [TestCase(Absent, "cannot open libbebida_controller.so")]
    public Task Jobs_start_after_the_deadline_when_the_library(string way, string cause) =>
        WithAsync(
            way,
            "start",
            async site =>
            {
                (await site.Probes.RunAsync(TimeSpan.FromMilliseconds(200), "-N2")).EnsureSucceeded();
                var batch = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(200), "-N1");
                Assert.That((await site.Slurm.WaitForJobEndAsync(batch)).Single().State, Is.EqualTo(JobState.Completed));
                await site.Slurm.WaitForIdleNodesAsync();
                Assert.That(
                    site.Slurm.Controller.ReadLog(),
                    Does.Contain(cause).And.Contain($"job {batch}: its nodes did not leave Kubernetes")
                );
            }
        );

    [TestCase("hangs in a call")]
    [TestCase("throws in a call")]
    [TestCase(Absent)]
    public Task Jobs_are_requeued_or_ended_where_that_is_configured_when_the_library(string way) =>
        WithAsync(
            way,
            "requeue",
            async site =>
            {
                Assert.That((await site.Probes.RunAsync(TimeSpan.FromMilliseconds(200), "-N2")).ExitCode, Is.Not.Zero);
                var batch = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(200), "-N1");
                await Requeues.SeenAsync(site, batch);
                Assert.That(site.Probes.Runs(), Is.Empty);
            }
        );

    [Test]
    public Task Slurmctld_stops_and_starts_again_though_the_library_hangs() =>
        WithAsync(
            "hangs in a call",
            "start",
            async site =>
            {
                var job = await site.Slurm.SubmitAsync(["-N1", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                await site.Slurm.RestartControllerAsync();
                Assert.That(await site.Slurm.JobStateAsync(job), Is.EqualTo(JobState.Running));
            },
            watchPings: false
        );

    private Task WithAsync(string way, string onFailure, Func<Site, Task> test, bool watchPings = true)
    {
        var options = new SiteOptions
        {
            Nodes = 2,
            Configuration = $"controller:\n  deadline: 2s\n  onFailure: {onFailure}\neviction:\n  deadline: 1s\n",
            Slurm = slurm => slurm.In(way == Absent ? Directory.CreateDirectory(Path.Combine(folder, "empty")).FullName : folder, way),
        };
        return Sites.WithAsync(
            options,
            async site =>
            {
                if (!watchPings)
                {
                    await test(site);
                    return;
                }
                await using var pings = new PingWatch(site.Slurm);
                await test(site);
                await pings.AssertAsync();
            }
        );
    }
}
