using BeBiDa.Site;

namespace BeBiDa.Nodes.Tests;

/// <summary>Cables that are pulled for two minutes; on machines of their own, beside the other fixtures.</summary>
[Parallelizable(ParallelScope.Self)]
public class NetworkTests : NodesTest
{
    private static readonly TimeSpan CutTime = TimeSpan.FromMinutes(2);
    private ContainerLab lab = null!;

    protected override ContainerLab Lab => lab;

    [OneTimeSetUp]
    public async Task StartLabAsync()
    {
        lab = await ContainerLab.StartAsync(Options);
        await PrepareAsync(lab);
    }

    [OneTimeTearDown]
    public async Task StopLabAsync()
    {
        if (lab is not null)
            await lab.DisposeAsync();
    }

    // Three jobs in one cut: one whose node is cut off, one that starts and one that ends while slurmctld is.
    [Test]
    public async Task Two_minutes_without_network_amid_hand_overs_lose_no_hold_and_leak_none()
    {
        await using var nodes = new NodeObserver(lab.Client);
        await nodes.StartedAsync();
        foreach (var node in new[] { "n1", "n2" })
            await RunPodAsync($"pod-{node}", node);
        var ends = await StartAsync(Alice, "-w", "n3");

        await lab.DisconnectAsync("n1", Cut.Api);
        await lab.CutApiAsync();
        var cut = DateTimeOffset.UtcNow;
        var cutOff = await lab.SubmitAsync(["--output=/home/alice/n1", "-w", "n1", "--wrap", $"{IsAlone}; sleep 150"], Alice);
        var starts = await lab.SubmitAsync(["--output=/home/alice/n2", "-w", "n2", "--wrap", $"{IsAlone}; sleep 150"], Alice);
        await CancelAsync(ends);
        await lab.WaitForJobAsync(cutOff, "RUNNING");
        await lab.WaitForJobAsync(starts, "RUNNING");
        Assert.That(await HoldsAsync(), Is.EqualTo(new[] { $"n3 lab.{ends}" }), "what the API server was told before the cut");

        // The length of the outage is what is tested.
        await Task.Delay(cut + CutTime - DateTimeOffset.UtcNow);
        Assert.That((await HoldsAsync(), await lab.JobStateAsync(starts)), Is.EqualTo((new[] { $"n3 lab.{ends}" }, "RUNNING")).UsingPropertiesComparer());
        await lab.HealApiAsync();
        await lab.ConnectAsync("n1");
        await EventuallyAsync("the jobs that run have their holds and the one that ended has not", async () => (await HoldsAsync()).SequenceEqual([$"n1 lab.{cutOff}", $"n2 lab.{starts}"]));

        await lab.WaitForJobAsync(cutOff, "COMPLETED");
        await lab.WaitForJobAsync(starts, "COMPLETED");
        foreach (var node in new[] { "n1", "n2" })
            Assert.That((await lab.ExecAsync(ContainerLab.Controller, ["cat", $"/home/alice/{node}"])).StandardOutput, Is.EqualTo($"{node} inactive inactive 0\n"), "what the API server cannot do, the node does");
        await FreeAsync();
    }
}
