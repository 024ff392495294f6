using BeBiDa.EmbeddedApi.Faults;

namespace BeBiDa.Site.Tests;

/// <summary>Kubernetes is away when Slurm needs it.</summary>
internal sealed class OutageTests : SiteTest
{
    private static readonly Fault HoldsHang = new(FaultKind.Hang) { Verb = "patch", Resource = "nodes" };

    protected override SiteOptions Options => new()
    {
        Nodes = 2,
        Configuration = "  requestTimeout: 1s\ncontroller:\n  deadline: 2s\neviction:\n  deadline: 1s\n  gracePeriod: 500ms\n",
    };

    [TearDown]
    public async Task ServeAsync() => await Site.EmbeddedApi.RestartAsync();

    [Test]
    public async Task A_job_that_started_without_Kubernetes_holds_its_nodes_once_it_is_back()
    {
        await using var pings = new PingWatch(Slurm);
        await Site.EmbeddedApi.StopAsync();
        var job = await StartJobAsync("-N2");
        Assert.That(Slurm.Controller.ReadLog(), Does.Contain($"job {job}: its nodes have not left Kubernetes").And.Contain("the job starts (controller.onFailure)"));

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
}
