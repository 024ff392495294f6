using BeBiDa.EmbeddedApi.Faults;
using CliWrap;

namespace BeBiDa.Site.Tests;

/// <summary>
/// From 23.11 on, <c>scontrol reconfigure</c> makes a new slurmctld. Its parent goes on until the child says that it has taken
/// over, with jobs as it knew them, and then ends without a word.
/// </summary>
[TestFixtureSource(typeof(SlurmReleases), nameof(SlurmReleases.From2311))]
internal sealed class NewProcessSpecs(Version release) : ReleaseTest(release)
{
    private const string Script = "prep/script";
    private const string Plugin = "prep/bebida";

    private static readonly TimeSpan JobTime = TimeSpan.FromMilliseconds(200);

    private DirectoryInfo folder = null!;

    // What lets a child say that it has taken over.
    private string Told => Path.Combine(folder.FullName, "told");

    [OneTimeSetUp]
    public async Task CompileAsync()
    {
        folder = Directory.CreateTempSubdirectory("bebida-late-child-");
        var source = Path.Combine(PluginBuild.RepositoryRoot(), "tests", "system", "BeBiDa.Integration.Tests", "late_child.c");
        await Cli.Wrap("cc")
            .WithArguments(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", Library, source])
            .WithStandardErrorPipe(PipeTarget.ToDelegate(TestContext.Error.WriteLine))
            .ExecuteAsync();
    }

    [OneTimeTearDown]
    public void Delete() => folder.Delete(recursive: true);

    [TearDown]
    public void TellNothingYet() => File.Delete(Told);

    [Test, Category("Core")]
    public async Task A_plugin_that_is_added_takes_the_nodes_of_the_next_job_without_a_restart()
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 1, Slurm = slurm => slurm with { PrEpPlugins = [Script] } },
            async site =>
            {
                await site.Slurm.WritePrEpPluginsAsync([Script, Plugin]);
                await site.Slurm.ReconfigureAsync();
                await Sites.HeldByNextJobAsync(site, "n1");
                await site.WaitUntilFreeAsync();
                Assert.That(Sites.Errors(site), Is.Empty);
            }
        );
    }

    [Test]
    public async Task A_plugin_that_is_taken_from_the_list_is_gone_without_a_restart()
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 1 },
            async site =>
            {
                await Sites.HeldByNextJobAsync(site, "n1");
                await site.WaitUntilFreeAsync();
                var before = site.Slurm.Controller.ProcessId;
                await site.Slurm.WritePrEpPluginsAsync([Script]);
                await site.Slurm.ReconfigureAsync();
                Assert.That(site.Slurm.Controller.ProcessId, Is.Not.EqualTo(before));
                await Eventually.HoldsAsync(
                    "the parent has ended",
                    Eventually.Patience,
                    _ => Task.FromResult(!Directory.Exists($"/proc/{before}/task"))
                );
                Assert.That(Sites.OurThreads(site), Is.Empty);
                (await site.Probes.RunAsync(JobTime, "-N1")).EnsureSucceeded();
                Assert.That(await site.HoldsAsync(), Is.Empty);
            }
        );
    }

    [TestCase("requeue", TestName = "A_process_that_has_handed_over_requeues_no_job_whose_deadline_comes", Category = "Core")]
    [TestCase("start", TestName = "A_process_that_has_handed_over_starts_no_job_whose_deadline_comes", Category = "Core")]
    public async Task A_process_that_has_handed_over(string onFailure)
    {
        var deadline = TimeSpan.FromSeconds(8);
        var options = Slow(
            $"  requestTimeout: 1s\ncontroller: {{deadline: {deadline.TotalSeconds}s, onFailure: {onFailure}, reconcileInterval: 1h}}\n"
                + "eviction: {deadline: 4s, gracePeriod: 1s}\n"
        );
        await Sites.WithAsync(
            options,
            async site =>
            {
                var hang = site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" });
                var job = await site.Slurm.SubmitAsync(["-N1", "--output=/dev/null", "--wrap", "sleep 600"]);
                await site.Slurm.WaitForJobAsync(job, JobState.Configuring);
                var parents = Task.Delay(deadline);
                // The child asks anew for the job's nodes, and has as long as the parent had.
                await Task.Delay(deadline / 2);
                var reconfigured = site.Slurm.ReconfigureAsync();
                await StartedAsync(site, 2);
                await parents;
                hang.Dispose();
                await Sites.HeldAsync(site, "n1", job);
                var held = DateTimeOffset.UtcNow;
                // What the parent has begun, it may still finish.
                await Task.Delay(deadline / 2);
                File.WriteAllText(Told, "");
                await reconfigured;

                await site.Slurm.WaitForJobAsync(job, JobState.Running);
                Assert.That(await Requeues.CountAsync(site, job), Is.Zero);
                Assert.That(site.Observer.SchedulableWithin("n1", held, DateTimeOffset.UtcNow), Is.Empty);
                Assert.That(Sites.Errors(site).Where(line => line.Contains("event=policy")), Is.Empty);
                (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await site.WaitUntilFreeAsync();
            }
        );
    }

    [Test, Category("Core")]
    public async Task A_reconfigure_that_fails_keeps_no_configuring_job_from_its_start()
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 1, Configuration = "eviction: {gracePeriod: 15s}\n" },
            async site =>
            {
                await Workloads.RunAsync(site.Client, Workloads.Pod("slow", "n1", termination: "12"));
                var job = await site.Probes.SubmitAsync(JobTime, "-N1");
                await site.Slurm.WaitForJobAsync(job, JobState.Configuring);
                var good = await File.ReadAllTextAsync(site.Slurm.ConfigPath);
                await File.AppendAllTextAsync(site.Slurm.ConfigPath, "SelectType=select/nothing_like_this\n");
                Assert.That((await site.Slurm.RunAsync("scontrol", ["reconfigure"])).ExitCode, Is.Not.Zero);
                await File.WriteAllTextAsync(site.Slurm.ConfigPath, good);

                Assert.That((await site.Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
                await site.WaitUntilFreeAsync();
                Assert.That(Sites.Errors(site), Is.Empty);
                Assert.That(site.Probes.Runs(), Has.Count.EqualTo(1));
                Assert.That(IsolationViolations.OfNodes(site), Is.Empty);
            }
        );
    }

    private string Library => Path.Combine(folder.FullName, "late_child.so");

    // A site on which a child says only when it is told to that it has taken over.
    private SiteOptions Slow(string configuration) =>
        new()
        {
            Nodes = 1,
            Configuration = configuration,
            Slurm = slurm =>
                slurm with
                {
                    ControllerEnvironment = new Dictionary<string, string>(slurm.ControllerEnvironment)
                    {
                        ["LD_PRELOAD"] = Library,
                        ["BEBIDA_TOLD"] = Told,
                    },
                },
        };

    // Our library starts in each process.
    private static Task StartedAsync(Site site, int processes) =>
        Eventually.HoldsAsync(
            $"{processes} processes of slurmctld have started the library",
            Eventually.Patience,
            _ =>
                Task.FromResult(
                    site.Slurm.Controller.ReadLog().Split('\n').Count(line => line.Contains("libbebida_controller.so started")) == processes
                )
        );
}
