using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>What an admin, and bebidactl timeline, read of hand-overs in the log.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HandOverLogSpecs
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);
    private readonly FakeTimeProvider clock = Clock.New();
    private readonly Lines log = new();

    [Test]
    public async Task A_line_says_on_which_nodes_as_Slurm_writes_them()
    {
        await using var handOvers = new HandOvers(new FakeCluster(clock).WithNodes("n1", "n2"), new BebidaConfiguration(), clock, log);
        await clock.RunAsync(handOvers.DecommissionAsync(Job(7, "n[1-2]"), Budget));
        Assert.That(
            log.All,
            Has.One.Match(
                "^Information: job 7: decommission of 2 nodes done in \\d+ ms, 0 pods evicted event=decommission outcome=done job=7 ms=\\d+ nodes=n\\[1-2\\] pods=0$"
            )
        );
    }

    [Test]
    public async Task Without_a_list_by_Slurm_it_says_few_nodes_one_by_one_and_many_not_at_all()
    {
        await using var handOvers = new HandOvers(new FakeCluster(clock).WithNodes("n1", "n2"), new BebidaConfiguration(), clock, log);
        await clock.RunAsync(handOvers.RecommissionAsync(Job(7, ""), Budget));
        Assert.That(log.All, Has.One.Match("^Information: .* event=recommission outcome=done job=7 ms=\\d+ nodes=n1,n2$"));
        await clock.RunAsync(
            handOvers.RecommissionAsync(Job(8, "") with { Nodes = [.. Enumerable.Range(1, 21).Select(i => $"n{i}")] }, Budget)
        );
        Assert.That(log.All, Has.One.Match("^Information: .* event=recommission outcome=done job=8 ms=\\d+$"));
    }

    [Test]
    public async Task What_was_not_done_in_time_and_is_done_after_all_is_told_of_too()
    {
        var answered = new TaskCompletionSource();
        var cluster = new FakeCluster(clock).WithNodes("n1", "n2");
        cluster.Before = _ => answered.Task;
        await using var handOvers = new HandOvers(cluster, new BebidaConfiguration(), clock, log);
        var result = await clock.RunAsync(handOvers.DecommissionAsync(Job(7, "n[1-2]"), Budget));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(
            log.All,
            Has.One.Match(
                    "^Error: job 7: decommission timed out after 5s: .* event=decommission outcome=timeout job=7 ms=5000 nodes=n\\[1-2\\]$"
                )
                .And.None.Contain("outcome=done")
        );
        answered.SetResult();
        await clock.UntilAsync(() =>
            log.All.ToArray().Any(line => line.Contains(" event=decommission outcome=done job=7 ", StringComparison.Ordinal))
        );
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
    }

    private static Job Job(uint id, string list) => new("c", id, "sim", "alice", "batch", ["n1", "n2"]) { NodeList = list };
}
