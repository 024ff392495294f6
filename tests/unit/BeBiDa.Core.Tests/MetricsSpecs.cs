using System.Text.RegularExpressions;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using BeBiDa.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

public sealed class MetricsSpecs
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);
    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private Instruments instruments = null!;
    private Exposition exposition = null!;
    private HandOvers handOvers = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2", "n3");
        instruments = new Instruments();
        exposition = new Exposition(instruments.Meter);
        handOvers = new HandOvers(cluster, new BebidaConfiguration(), clock, NullLogger.Instance, instruments: instruments);
    }

    [TearDown]
    public async Task TearDown()
    {
        await handOvers.DisposeAsync();
        exposition.Dispose();
        instruments.Dispose();
    }

    [Test]
    public async Task A_hand_over_counts_by_its_direction_and_outcome()
    {
        cluster.Add(Pod("a", "n1"));
        await DecommissionAsync(Job(7, "n1", "n2"));
        await clock.RunAsync(handOvers.RecommissionAsync(Job(7, "n1", "n2"), Budget));
        await DecommissionAsync(Job(8, "unknown"));
        Assert.That(Value("bebida_hand_overs_total{direction=\"decommission\",outcome=\"done\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_overs_total{direction=\"recommission\",outcome=\"done\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_overs_total{direction=\"decommission\",outcome=\"nothing_to_do\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_pods_evicted_total"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_overs_under_way"), Is.EqualTo("0"));
    }

    [Test]
    public async Task What_had_nothing_to_do_hides_no_duration()
    {
        await DecommissionAsync(Job(7, "n1"));
        await DecommissionAsync(Job(8, "unknown"));
        Assert.That(Value("bebida_hand_over_duration_seconds_count{direction=\"decommission\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_over_duration_seconds_bucket{direction=\"decommission\",le=\"+Inf\"}"), Is.EqualTo("1"));
    }

    [Test]
    public async Task A_duration_is_in_every_bucket_that_it_fits_in()
    {
        cluster.Before = what =>
            what.StartsWith("hold", StringComparison.Ordinal) ? Task.Delay(TimeSpan.FromSeconds(3), clock) : Task.CompletedTask;
        await DecommissionAsync(Job(7, "n1"));
        Assert.That(Value("bebida_hand_over_duration_seconds_bucket{direction=\"decommission\",le=\"2.5\"}"), Is.EqualTo("0"));
        Assert.That(Value("bebida_hand_over_duration_seconds_bucket{direction=\"decommission\",le=\"30\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_over_duration_seconds_bucket{direction=\"decommission\",le=\"120\"}"), Is.EqualTo("1"));
    }

    [Test]
    public async Task What_is_answered_before_it_is_done_is_overdue_and_still_under_way()
    {
        cluster.Before = _ => new TaskCompletionSource().Task;
        await DecommissionAsync(Job(7, "n1"));
        Assert.That(Value("bebida_hand_overs_total{direction=\"decommission\",outcome=\"overdue\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_hand_overs_under_way"), Is.EqualTo("1"));
    }

    [Test]
    public async Task A_pod_that_a_budget_keeps_until_the_deadline_counts_as_deleted_for_that()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        await DecommissionAsync(Job(7, "n1"));
        Assert.That(Value("bebida_pods_deleted_total{reason=\"budget\"}"), Is.EqualTo("1"));
    }

    [Test]
    public void Held_nodes_are_counted_by_whether_their_planned_job_came()
    {
        instruments.PlanKept(TimeSpan.FromSeconds(2.5));
        instruments.PlanWasted(TimeSpan.FromSeconds(40));
        Assert.That(Value("bebida_nodes_planned_total{plan=\"kept\"}"), Is.EqualTo("1"));
        Assert.That(Value("bebida_planned_node_seconds_total{plan=\"kept\"}"), Is.EqualTo("2.5"));
        Assert.That(Value("bebida_planned_node_seconds_total{plan=\"wasted\"}"), Is.EqualTo("40"));
        Assert.That(exposition.Write(), Does.Contain("# TYPE bebida_planned_node_seconds_total counter"));
    }

    [Test]
    public void Before_anything_has_happened_every_counter_is_shown_as_zero()
    {
        instruments.Zero();
        var lines = exposition
            .Write()
            .Split('\n')
            .Where(l => l.Contains("_total", StringComparison.Ordinal) && !l.StartsWith('#'))
            .ToList();
        Assert.That(lines, Has.Count.EqualTo(2 * 5 + 1 + 4 + 1 + 1 + 2 * 2 + 2 * 2 + 2));
        Assert.That(lines, Has.All.EndsWith(" 0"));
    }

    [Test]
    public void What_is_written_is_what_Prometheus_reads()
    {
        instruments.Describe(cluster);
        instruments.Zero();
        cluster.AwayFor = TimeSpan.FromMilliseconds(61_500);
        var text = exposition.Write();
        Assert.That(
            text,
            Does.Match("(?m)^bebida_build_info\\{version=\"[0-9.]+\"\\} 1$").And.Contain("\nbebida_kubernetes_away_seconds 61.5\n")
        );
        // prometheus.io/docs/instrumenting/exposition_formats: each metric's lines together, HELP and TYPE first, a line end last.
        Assert.That(text, Does.EndWith("\n"));
        foreach (var line in text.TrimEnd('\n').Split('\n'))
            Assert.That(
                line,
                Does.Match(
                    "^(# HELP bebida_[a-z_]+ \\S.*\\.|# TYPE bebida_[a-z_]+ (counter|gauge|histogram)|bebida_[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\\})? [0-9.e+-]+)$"
                )
            );
    }

    [Test]
    public void Holds_are_shown_only_once_they_were_looked_at() =>
        Assert.That(exposition.Write(), Does.Not.Match("(?m)^bebida_(holds|nodes)"));

    private string? Value(string series) =>
        Regex.Match(exposition.Write(), $"(?m)^{Regex.Escape(series)} (.*)$") is { Success: true } match ? match.Groups[1].Value : null;

    private static Pod Pod(string name, string node) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = node,
            HasController = true,
        };

    private static Job Job(uint id, params string[] nodes) => new("c", id, "sim", "alice", "batch", nodes);

    private Task<HandOverResult> DecommissionAsync(Job job) => clock.RunAsync(handOvers.DecommissionAsync(job, Budget));
}
