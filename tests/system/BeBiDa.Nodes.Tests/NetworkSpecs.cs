namespace BeBiDa.Nodes.Tests;

/// <summary>Cables that are pulled for two minutes.</summary>
public class NetworkSpecs(NodeKind kind) : NodesTest(kind)
{
    private const string UntilOver = "until [ -e /home/alice/over ]; do sleep 1; done";
    private static readonly TimeSpan CutTime = TimeSpan.FromMinutes(2);

    // It mostly waits.
    protected override ContainerLabOptions? OwnLab => Options with { Kind = Kind };

    // Three jobs in one cut: one whose node is cut off, one that starts and one that ends while slurmctld is.
    [Test]
    public async Task Two_minutes_without_network_amid_hand_overs_lose_no_hold_and_leak_none()
    {
        foreach (var node in new[] { "n1", "n2" })
            await RunPodAsync($"pod-{node}", node);
        var ends = await StartAsync(Alice, "-w", "n3");

        await Lab.DisconnectAsync("n1", Cut.Api);
        await Lab.CutApiAsync();
        var cut = DateTimeOffset.UtcNow;
        var cutOff = await Lab.SubmitAsync(["--output=/home/alice/n1", "-w", "n1", "--wrap", $"{IsAlone}; {UntilOver}"], Alice);
        var starts = await Lab.SubmitAsync(["--output=/home/alice/n2", "-w", "n2", "--wrap", $"{IsAlone}; {UntilOver}"], Alice);
        await CancelAsync(ends);
        await Lab.WaitForJobAsync(cutOff, "RUNNING");
        await Lab.WaitForJobAsync(starts, "RUNNING");
        Assert.That(await HoldsAsync(), Is.EqualTo(new[] { $"n3 lab.{ends}" }), "what the API server was told before the cut");

        // The length of the outage is what is tested.
        await Task.Delay(cut + CutTime - DateTimeOffset.UtcNow);
        Assert.That(
            (await HoldsAsync(), await Lab.JobStateAsync(starts)),
            Is.EqualTo((new[] { $"n3 lab.{ends}" }, "RUNNING")).UsingPropertiesComparer()
        );
        await Lab.HealApiAsync();
        await Lab.ConnectAsync("n1");
        await EventuallyAsync(
            "the jobs that run have their holds and the one that ended has not",
            async () => (await HoldsAsync()).SequenceEqual([$"n1 lab.{cutOff}", $"n2 lab.{starts}"])
        );

        (await Lab.ExecAsync(ContainerLab.Controller, ["touch", "/home/alice/over"])).EnsureSucceeded();
        await Lab.WaitForJobAsync(cutOff, "COMPLETED");
        await Lab.WaitForJobAsync(starts, "COMPLETED");
        foreach (var node in new[] { "n1", "n2" })
            Assert.That(
                (await Lab.ExecAsync(ContainerLab.Controller, ["cat", $"/home/alice/{node}"])).StandardOutput,
                Is.EqualTo($"{node} inactive inactive 0\n"),
                "what the API server cannot do, the node does"
            );
        await FreeAsync();
    }
}
