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
        Assert.That(log.All, Has.One.Match("^Information: job 7: decommission of 2 nodes done in \\d+ ms, 0 pods evicted on n\\[1-2\\]$"));
    }

    [Test]
    public async Task Without_a_list_by_Slurm_it_says_few_nodes_one_by_one_and_many_not_at_all()
    {
        await using var handOvers = new HandOvers(new FakeCluster(clock).WithNodes("n1", "n2"), new BebidaConfiguration(), clock, log);
        await clock.RunAsync(handOvers.RecommissionAsync(Job(7, ""), Budget));
        Assert.That(log.All, Has.One.Match("^Information: job 7: recommission of 2 nodes done in \\d+ ms on n1,n2$"));
        await clock.RunAsync(
            handOvers.RecommissionAsync(Job(8, "") with { Nodes = [.. Enumerable.Range(1, 21).Select(i => $"n{i}")] }, Budget)
        );
        Assert.That(log.All, Has.One.Match("^Information: job 8: recommission of 2 nodes done in \\d+ ms$"));
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
            Has.One.StartsWith("Error: job 7: decommission not done within 5s on n[1-2]: ").And.None.Contain("nodes done in")
        );
        answered.SetResult();
        await clock.UntilAsync(() =>
            log.All.ToArray().Any(line => line.StartsWith("Information: job 7: decommission of 2 nodes done in ", StringComparison.Ordinal))
        );
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
    }

    private static Job Job(uint id, string list) => new("c", id, "sim", "alice", "batch", ["n1", "n2"]) { NodeList = list };
}
