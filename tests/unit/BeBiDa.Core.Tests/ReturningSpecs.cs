using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Nodes that jobs have left, until their kubelets report (nodes.waitUntilReady).</summary>
public sealed class ReturningSpecs
{
    private const string Gpu = "nvidia.com/gpu";
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);

    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeHeartbeats kubelets = null!;
    private Lines log = null!;
    private Returning returning = null!;
    private HandOvers handOvers = null!;

    private ClusterNode N1 => cluster.Directory.ByName("n1")!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2");
        kubelets = new FakeHeartbeats(cluster);
        log = new Lines();
        Start();
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        await handOvers.DisposeAsync();
        await returning.DisposeAsync();
    }

    [Test]
    public async Task A_node_is_never_without_a_hold_from_the_end_of_a_job_until_its_kubelet_reports()
    {
        await RunJobAsync(7);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }));
        Assert.That(cluster.Asked.TakeLast(2), Is.EqualTo(new[] { "hold n1 c.return", "release n1 c.7" }));
        kubelets.Says("t2 l2");
        await LookAsync();
        Assert.That(cluster.Held, Is.Empty);
        Assert.That(log.All, Has.Some.Matches("node n1: kubelet reports again event=release outcome=done job=return ms=\\d+ nodes=n1$"));
    }

    // What kubelet says at each look after the job; "t1 l1" was before. t: a status was posted; l: the Lease was renewed.
    [TestCase("t2 l1", 1, TestName = "A_node_returns_after_a_kubelet_that_has_started")]
    [TestCase("t1 l1, t1 l1, t1 l2, t1 l2, t1 l2", 5, TestName = "A_node_returns_after_a_kubelet_that_never_stopped")]
    [TestCase("t1 l1, t1 l1", 0, TestName = "A_node_returns_after_a_kubelet_that_is_still_stopped")]
    [TestCase("t2 l2 notready, t2 l3 notready, t3 l3", 3, TestName = "A_node_returns_after_a_node_that_is_not_Ready_yet")]
    [TestCase("t1, t1, t2", 3, TestName = "A_node_returns_after_a_Lease_that_may_not_be_read")]
    [TestCase("t1 l1, t1 l2, t2 l2", 3, TestName = "A_node_returns_after_a_kubelet_whose_Lease_comes_before_its_status")]
    [TestCase("gone, t2 l2", 2, TestName = "A_node_returns_after_a_read_that_fails")]
    [TestCase("t2 l2, t2 l3, t3 l3 " + Gpu, 3, Gpu, TestName = "A_node_returns_after_a_device_plugin_that_registers_later")]
    [TestCase(
        "t1 l2 " + Gpu + ", t1 l2 " + Gpu + ", t2 l2",
        0,
        Gpu,
        TestName = "A_node_returns_after_a_resource_of_before_kubelet_started"
    )]
    [TestCase(
        "t1 l2 " + Gpu + ", t1 l2 " + Gpu + ", t1 l2 " + Gpu,
        3,
        Gpu,
        TestName = "A_node_returns_after_a_resource_whose_kubelet_never_stopped"
    )]
    public async Task A_node_returns_after(string looks, int returns, params string[] resources)
    {
        await RestartAsync(new NodesConfiguration { WaitUntilReady = true, ReadyWhen = resources });
        await RunJobAsync(7, before: looks.StartsWith("t1,", StringComparison.Ordinal) ? "t1" : "t1 l1");
        var look = 0;
        foreach (var says in looks.Split(", "))
        {
            kubelets.Says(says);
            await LookAsync();
            look++;
            Assert.That(cluster.Held.ContainsKey("n1"), Is.EqualTo(returns == 0 || look < returns), $"look {look}");
        }
    }

    [Test]
    public async Task What_was_said_before_the_job_ended_is_taken_from_the_first_look_when_it_could_not_be_read()
    {
        await RunJobAsync(7, before: "gone");
        foreach (var (says, isHeld) in new[] { ("t1 l1", true), ("t1 l1", true), ("t2 l1", false) })
        {
            kubelets.Says(says);
            await LookAsync();
            Assert.That(cluster.Held.ContainsKey("n1"), Is.EqualTo(isHeld), says);
        }
    }

    [TestCase("forbidden", "Kubernetes does not say how the node is")]
    [TestCase("t2 l2 notready", "the node is not Ready")]
    [TestCase("t1 l1 " + Gpu, "kubelet has not reported since the job left")]
    [TestCase("t2 l2", "the node has no " + Gpu)]
    public async Task A_node_that_does_not_become_ready_is_released_with_an_error_that_says_what_is_missing(string says, string missing)
    {
        await RestartAsync(
            new NodesConfiguration
            {
                WaitUntilReady = true,
                ReadyWhen = [Gpu],
                ReadyTimeout = TimeSpan.FromSeconds(30),
            }
        );
        await RunJobAsync(7);
        kubelets.Says(says);
        clock.Advance(TimeSpan.FromSeconds(29));
        await LookAsync();
        Assert.That(cluster.Held, Is.Not.Empty);
        clock.Advance(TimeSpan.FromSeconds(2));
        await LookAsync();
        Assert.That(cluster.Held, Is.Empty);
        Assert.That(
            log.All,
            Has.Some.Contains(
                $"node n1 released to Kubernetes after 30s (nodes.readyTimeout), though {missing}; see on the node: systemctl status kubelet event=release outcome=timeout job=return"
            )
        );
        await clock.UntilAsync(() => cluster.Events.Any(e => e.Warning && e.Message.Contains(missing, StringComparison.Ordinal)));
    }

    [Test]
    public async Task While_a_job_has_the_node_nothing_is_waited_for_and_its_end_begins_anew()
    {
        await RunJobAsync(7);
        await handOvers.DecommissionAsync(Job(8), Budget);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.return" }));
        clock.Advance(TimeSpan.FromMinutes(3));
        // Whatever it says.
        kubelets.Says("t2 l2");
        await LookAsync(times: 5);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8" }));
        Assert.That(log.All, Has.None.Contains("return"));
        await clock.RunAsync(handOvers.RecommissionAsync(Job(8), Budget));
        await LookAsync(times: 2);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }));
    }

    [Test]
    public async Task Jobs_that_end_together_leave_the_node_waiting_whichever_is_released_last()
    {
        await handOvers.DecommissionAsync(Job(7), Budget);
        await handOvers.DecommissionAsync(Job(8), Budget);
        kubelets.Says("t1 l1");
        var gate = new TaskCompletionSource();
        cluster.Before = what => what == "release n1 c.7" ? gate.Task : Task.CompletedTask;
        var first = handOvers.RecommissionAsync(Job(7), Budget);
        await clock.UntilAsync(() => cluster.Count("release n1 c.7") > 0);
        await clock.RunAsync(handOvers.RecommissionAsync(Job(8), Budget));
        await LookAsync(times: 2);
        gate.SetResult();
        await clock.RunAsync(first);
        await LookAsync(times: 2);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }));
    }

    [Test]
    public async Task A_recommission_waits_no_longer_for_kubelets_that_cannot_be_read_than_two_seconds()
    {
        await handOvers.DecommissionAsync(Job(7), Budget);
        kubelets.Says("hangs");
        var began = clock.GetUtcNow();
        await clock.RunAsync(handOvers.RecommissionAsync(Job(7), Budget));
        Assert.That(clock.GetUtcNow() - began, Is.LessThan(TimeSpan.FromSeconds(4)));
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }));
    }

    [Test]
    public async Task An_outage_of_Kubernetes_does_not_count()
    {
        await RunJobAsync(7);
        kubelets.Says("gone");
        clock.Advance(TimeSpan.FromMinutes(10));
        await LookAsync();
        kubelets.Says("t1 l1");
        await LookAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }), "kubelet has had no time yet");
        Assert.That(log.All, Has.None.Contains("nodes.readyTimeout"));
    }

    [Test]
    public async Task A_hold_that_somebody_took_off_is_forgotten()
    {
        await RunJobAsync(7);
        var hold = cluster.HoldsOf("n1").Single();
        cluster.Held.Clear();
        clock.Advance(TimeSpan.FromMinutes(3));
        await LookAsync();
        Assert.That(returning.Keeps(N1, hold), Is.False);
        Assert.That(log.All, Has.None.Contains("nodes.readyTimeout"));
    }

    [Test]
    public async Task A_node_that_was_deleted_is_forgotten()
    {
        await RunJobAsync(7);
        kubelets.Says("deleted");
        await LookAsync();
        var asked = kubelets.Asked;
        await LookAsync(times: 3);
        Assert.That((kubelets.Asked, cluster.Count("release n1 c.return")), Is.EqualTo((asked, 0)));
    }

    [Test]
    public async Task A_node_that_someone_else_holds_too_is_no_error()
    {
        await RunJobAsync(7);
        await cluster.HoldAsync(N1, new Hold(new HoldKey("c", Holders.Power), null, new HoldReason("power saving", null)), default);
        clock.Advance(TimeSpan.FromMinutes(3));
        await LookAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.power" }));
        Assert.That(log.All, Has.None.Contains("nodes.readyTimeout"));
    }

    [Test]
    public async Task A_release_that_fails_is_tried_at_the_next_look()
    {
        await RunJobAsync(7);
        kubelets.Says("t2 l2");
        cluster.Before = _ => throw new ClusterException(ClusterFault.Unavailable, "no answer");
        await LookAsync();
        cluster.Before = null;
        await LookAsync();
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_hold_that_an_earlier_slurmctld_left_is_followed_and_one_that_has_ended_is_not()
    {
        var hold = new Hold(new HoldKey("c", Holders.Return), clock.GetUtcNow(), new HoldReason("x", null));
        await cluster.HoldAsync(N1, hold, default);
        kubelets.Says("t1 l1");
        Assert.That(returning.Keeps(N1, hold));
        await LookAsync();
        Assert.That(cluster.Held, Is.Not.Empty);
        kubelets.Says("t2 l2");
        await LookAsync();
        Assert.That(cluster.Held, Is.Empty);
        Assert.That(returning.Keeps(N1, hold), Is.False, "a ledger that was read before the release");
    }

    [Test]
    public async Task A_standby_that_saw_an_earlier_hold_lets_the_next_one_be()
    {
        await RunJobAsync(7);
        await using var standby = new Returning(
            kubelets,
            cluster,
            new BebidaConfiguration { Nodes = new NodesConfiguration { WaitUntilReady = true } },
            clock,
            log
        );
        Assert.That(standby.Keeps(N1, cluster.HoldsOf("n1").Single()));
        clock.Advance(TimeSpan.FromMinutes(3));
        await RunJobAsync(8);
        kubelets.Says("t2 l2");
        Assert.That((await standby.LookAsync(default)).Succeeded);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.return" }));
        Assert.That(log.All, Has.None.Contains("nodes.readyTimeout"));
        await LookAsync();
        Assert.That(cluster.Held, Is.Empty, "the one that follows it");
    }

    [TestCase(true, "n1:c.return", TestName = "Another_process_leaves_the_hold_to_slurmctlds_plugin")]
    [TestCase(false, "", TestName = "A_site_that_no_longer_waits_gets_its_nodes_back")]
    public async Task Without_the_plugin(bool waitUntilReady, string state)
    {
        var ledger = new FakeLedger(cluster, clock);
        var configuration = new BebidaConfiguration
        {
            Nodes = new NodesConfiguration { WaitUntilReady = waitUntilReady, ReadyTimeout = TimeSpan.FromDays(1) },
        };
        await using var standing = new StandingHolds(cluster, ledger, new FakeConditions(), configuration, clock, log);
        await cluster.HoldAsync(N1, new Hold(new HoldKey("c", Holders.Return), null, new HoldReason("x", null)), default);
        for (var look = 0; look < 2; look++)
            await standing.LookAsync(default);
        Assert.That(ledger.State, Is.EqualTo(state));
    }

    private void Start(NodesConfiguration? nodes = null)
    {
        var configuration = new BebidaConfiguration { Nodes = nodes ?? new NodesConfiguration { WaitUntilReady = true } };
        returning = new Returning(kubelets, cluster, configuration, clock, log);
        handOvers = new HandOvers(cluster, configuration, clock, log, returning: returning);
    }

    private async Task RestartAsync(NodesConfiguration nodes)
    {
        await TearDownAsync();
        Start(nodes);
    }

    private async Task RunJobAsync(uint number, string before = "t1 l1")
    {
        kubelets.Says(before);
        await handOvers.DecommissionAsync(Job(number), Budget);
        await clock.RunAsync(handOvers.RecommissionAsync(Job(number), Budget));
    }

    private async Task LookAsync(int times = 1)
    {
        for (var i = 0; i < times; i++)
            Assert.That((await returning.LookAsync(default)).Succeeded);
    }

    private static Job Job(uint number) => new("c", number, "sim", "alice", "batch", ["n1"]);

    /// <summary>What the kubelet of n1 says: a status "t1", a Lease "l1", "notready", resources; or how a read fails.</summary>
    private sealed class FakeHeartbeats(FakeCluster cluster) : IHeartbeats
    {
        private string[] says = [];

        /// <summary>How often it was asked.</summary>
        public int Asked { get; private set; }

        public void Says(string words) => says = words.Split(' ');

        public async Task<NodeHeartbeat?> HeartbeatAsync(ClusterNode node, CancellationToken cancellationToken)
        {
            Asked++;
            if (says.Contains("deleted"))
                return null;
            if (says.Contains("hangs"))
                await Task.Delay(Timeout.Infinite, cancellationToken);
            if (says.Contains("gone"))
                throw new ClusterException(ClusterFault.Unavailable, "no answer");
            if (says.Contains("forbidden"))
                throw new ClusterException(ClusterFault.Forbidden, "403 Forbidden");
            return new NodeHeartbeat(
                !says.Contains("notready"),
                says.FirstOrDefault(w => w[0] == 't'),
                says.FirstOrDefault(w => w[0] == 'l'),
                says.Where(w => w == Gpu).ToHashSet(),
                cluster.HoldsOf(node.Name)
            );
        }
    }
}
