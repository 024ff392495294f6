using BeBiDa.EmbeddedApi;
using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>One site for all tests of a fixture; each finds it idle and leaves it idle.</summary>
internal abstract class SiteTest
{
    protected static readonly TimeSpan Patience = Eventually.Patience;

    protected Site Site { get; private set; } = null!;

    protected SlurmCluster Slurm => Site.Slurm;

    protected abstract SiteOptions Options { get; }

    [OneTimeSetUp]
    public async Task StartSiteAsync()
    {
        Site = await Site.StartAsync(Options);
        await Site.Observer.StartedAsync();
        // On a busy machine, a first request may take longer than a fixture's requestTimeout.
        Assert.That(Slurm.Controller.ReadLog(), Does.Not.Match("error: bebida: (?!.*will keep retrying)"));
    }

    [OneTimeTearDown]
    public async Task StopSiteAsync()
    {
        if (Site is not null)
            await Site.DisposeAsync();
    }

    [TearDown]
    public async Task LeaveIdleAsync()
    {
        if (TestContext.CurrentContext.Result.FailCount > 0)
            Sites.TellAbout(Site);
        if (Site.Api is EmbeddedApiServer embedded)
            embedded.Faults.Clear();
        await Slurm.RunAsync("scancel", ["--user=root"]);
        await Workloads.ClearAsync(Site.Client);
        await Site.WaitUntilFreeAsync();
    }

    /// <summary>Starts a batch job that runs until it is cancelled, and waits until it does run.</summary>
    protected async Task<int> StartJobAsync(params string[] options)
    {
        var job = await SubmitAsync(options);
        await Slurm.WaitForJobAsync(job, JobState.Running);
        return job;
    }

    /// <summary>Submits a batch job that runs until it is cancelled.</summary>
    protected Task<int> SubmitAsync(params string[] options) =>
        Slurm.SubmitAsync([.. options, "--output=/dev/null", "--wrap", "sleep 600"]);

    protected async Task CancelAsync(int job)
    {
        (await Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await Slurm.WaitForJobEndAsync(job);
    }

    protected Task<V1Node> NodeAsync(string name) => Site.Client.CoreV1.ReadNodeAsync(name);

    protected Task HeldAsync(string node, int job) => Sites.HeldAsync(Site, node, job);
}
