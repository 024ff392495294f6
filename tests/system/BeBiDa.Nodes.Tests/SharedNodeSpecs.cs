namespace BeBiDa.Nodes.Tests;

public class SharedNodeSpecs(NodeKind kind) : NodesTest(kind)
{
    [Test]
    public async Task Kubelet_starts_after_the_last_of_two_jobs_on_a_node([Values] bool firstEndsFirst)
    {
        var first = await StartAsync(Alice, "-p", "shared", "-w", "n1");
        var second = await StartAsync(Bob, "-p", "shared", "-w", "n1");
        Assert.That(await JobsOnAsync("n1"), Is.EqualTo($"{first} {second}"));
        var (earlier, later) = firstEndsFirst ? (first, second) : (second, first);

        await CancelAsync(earlier);
        await Lab.WaitForJobAsync(earlier, "CANCELLED");
        await EventuallyAsync("its epilog has run", async () => await JobsOnAsync("n1") == $"{later}");
        Assert.That(await ServicesAsync("n1"), Is.EqualTo("inactive inactive"));
        Assert.That(await HoldsAsync(), Does.Contain($"n1 lab.{later}"));

        await CancelAsync(later);
        await ServicesBecomeAsync("n1", "active active");
    }

    [Test]
    public async Task A_job_that_comes_as_another_leaves_never_meets_kubelet()
    {
        for (var round = 0; round < 5; round++)
        {
            var leaving = await StartAsync(Alice, "-p", "shared", "-w", "n2");
            await CancelAsync(leaving);
            Assert.That(await RunAsync(Bob, "-p", "shared", "-w", "n2", IsAlone), Is.EqualTo(new[] { "n2 inactive inactive 0" }));
        }
    }
}
