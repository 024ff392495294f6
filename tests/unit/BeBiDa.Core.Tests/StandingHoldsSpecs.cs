using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Holds that are no job's: when they are written and released, and what becomes of pods.</summary>
public sealed class StandingHoldsSpecs
{
    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeLedger ledger = null!;
    private FakeConditions slurm = null!;
    private Lines log = null!;
    private StandingHolds standing = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2", "n3");
        ledger = new FakeLedger(cluster, clock);
        slurm = new FakeConditions();
        log = new Lines();
        standing = New(new BebidaConfiguration());
    }

    [TearDown]
    public Task TearDownAsync() => standing.DisposeAsync().AsTask();

    [Test]
    public async Task A_node_that_is_DOWN_is_held_once_and_its_pods_stay()
    {
        cluster.Add(Pod("a", "n1"));
        slurm.Is("n1", NodeConditions.Down, "Not responding");
        await LookAsync(times: 3);
        Assert.That(ledger.State, Is.EqualTo("n1:c.down"));
        Assert.That((cluster.Count("hold"), cluster.Count("evict")), Is.EqualTo((1, 0)));
        Assert.That(log.All, Has.Some.Matches(" node n1 held: DOWN: Not responding event=hold outcome=done job=down ms=0 nodes=n1$"));
        await clock.UntilAsync(() => cluster.Events.Count > 0);
        Assert.That(cluster.Events.Single().Message, Is.EqualTo("Held for its state in Slurm: DOWN: Not responding"));
    }

    [Test]
    public async Task A_node_that_is_well_again_is_released_but_one_that_flaps_is_not_written_at_every_look()
    {
        for (var i = 0; i < 4; i++)
        {
            slurm.Is("n1", NodeConditions.Down);
            await LookAsync();
            slurm.Is("n1", NodeConditions.None);
            await LookAsync();
        }
        Assert.That((ledger.State, cluster.Asked.Count), Is.EqualTo(("n1:c.down", 1)));
        await LookAsync();
        Assert.That(ledger.State, Is.Empty);
    }

    [Test]
    public async Task A_job_and_a_state_hold_a_node_apart_from_each_other()
    {
        await cluster.HoldAsync(cluster.Directory.ByName("n1")!, new Holds.HoldKey("c", 7), clock.GetUtcNow(), default);
        slurm.Is("n1", NodeConditions.Fail);
        await LookAsync();
        Assert.That(ledger.State, Is.EqualTo("n1:c.7,c.fail"));
        slurm.Is("n1", NodeConditions.None);
        await LookAsync(times: 2);
        Assert.That(ledger.State, Is.EqualTo("n1:c.7"));
    }

    // Another slurmctld's, or one of before the key was removed.
    [TestCase(0, "")]
    [TestCase(60, "n1:c.planned")]
    public async Task A_hold_for_a_plan_that_nobody_here_knows_stays_until_its_start_and_only_with_nodes_lead(int lead, string stays)
    {
        await using var other = New(new BebidaConfiguration { Nodes = new NodesConfiguration { Lead = TimeSpan.FromSeconds(lead) } });
        await cluster.HoldAsync(
            cluster.Directory.ByName("n1")!,
            new Holds.Hold(new Holds.HoldKey("c", "planned"), null, new Holds.HoldReason("x", clock.GetUtcNow().AddHours(1))),
            default
        );
        for (var i = 0; i < 3; i++)
            await other.LookAsync(default);
        Assert.That(ledger.State, Is.EqualTo(stays));
        clock.Advance(TimeSpan.FromHours(2));
        for (var i = 0; i < 3; i++)
            await other.LookAsync(default);
        Assert.That(ledger.State, Is.Empty);
    }

    [Test]
    public async Task What_another_release_or_another_cluster_holds_is_left_alone()
    {
        foreach (var (of, holder) in new[] { ("c", "linger"), ("d", "down") })
            await cluster.HoldAsync(
                cluster.Directory.ByName("n1")!,
                new Holds.Hold(new Holds.HoldKey(of, holder), null, new Holds.HoldReason("x", null)),
                default
            );
        await LookAsync(times: 3);
        Assert.That(ledger.State, Is.EqualTo("n1:c.linger,d.down"));
    }

    [Test]
    public async Task A_node_that_is_gone_is_not_written_again_and_again()
    {
        await LookAsync();
        cluster.Directory.Remove("n1");
        cluster.Before = what =>
            what.StartsWith("hold n1", StringComparison.Ordinal)
                ? throw new ClusterException(ClusterFault.Conflict, "409 Conflict")
                : Task.CompletedTask;
        slurm.Is("n1", NodeConditions.Down);
        for (var look = 0; look < 3; look++)
            await clock.RunAsync(standing.LookAsync(default));
        Assert.That(cluster.Count("hold n1"), Is.EqualTo(1));
    }

    [Test]
    public async Task While_Slurm_says_nothing_nothing_is_written()
    {
        slurm.Is("n1", NodeConditions.Down);
        await LookAsync();
        slurm.Silent = "slurmctld does not answer";
        for (var i = 0; i < 3; i++)
            Assert.That((await standing.RepairAsync(default)).Problem, Is.EqualTo("slurmctld does not answer"));
        Assert.That(ledger.State, Is.EqualTo("n1:c.down"));
    }

    [Test]
    public async Task Pods_of_a_node_that_fails_leave_as_for_a_job()
    {
        cluster.Add(Pod("a", "n1"));
        slurm.Is("n1", NodeConditions.Fail);
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/a grace 5") == 1);
    }

    [Test]
    public async Task Before_maintenance_pods_have_their_own_grace_and_budgets_are_respected_and_then_as_for_a_job()
    {
        var begin = clock.GetUtcNow() + TimeSpan.FromMinutes(5);
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        slurm.Is("n1", NodeConditions.None);
        slurm.Maintenance.Add(new Reservation("upgrade", begin, begin.AddHours(1), ["n1"]));
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/a grace own") > 1);
        await clock.PassAsync(TimeSpan.FromMinutes(4));
        await LookAsync();
        Assert.That((cluster.Count("delete"), cluster.Count("evict default/a grace 5")), Is.EqualTo((0, 0)));

        await clock.PassAsync(TimeSpan.FromMinutes(1));
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("delete default/a grace 5") == 1);
    }

    [Test]
    public async Task Pods_stay_that_were_to_leave_for_what_was_called_off()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        slurm.Is("n1", NodeConditions.Reboot);
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict") > 0);
        slurm.Is("n1", NodeConditions.None);
        await LookAsync(times: 2);
        var asked = cluster.Asked.Count;
        await clock.PassAsync(TimeSpan.FromMinutes(2));
        Assert.That((cluster.Asked.Count, ledger.State), Is.EqualTo((asked, "")));
    }

    [Test]
    public async Task A_pod_that_came_in_the_moment_of_the_hold_leaves_too_and_one_that_comes_back_by_design_once_only()
    {
        slurm.Is("n1", NodeConditions.Fail);
        cluster.OnEvict = pod =>
        {
            cluster.Remove(pod);
            if (pod.ToleratesUnschedulable)
                cluster.Add(pod with { Uid = $"{pod.Uid}-again" });
        };
        cluster.Add(Pod("by-design", "n1") with { ToleratesUnschedulable = true });
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/by-design") == 1);
        cluster.Add(Pod("late", "n1"));
        for (var i = 0; i < 60; i++)
        {
            await clock.PassAsync(TimeSpan.FromSeconds(5));
            await LookAsync();
        }
        Assert.That((cluster.Count("evict default/late"), cluster.Count("evict default/by-design")), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task A_node_that_was_held_before_keeps_the_pods_that_are_there_by_design()
    {
        slurm.Is("n1", NodeConditions.Fail);
        await LookAsync();
        await standing.DisposeAsync();
        cluster.Add(Pod("by-design", "n1") with { ToleratesUnschedulable = true });
        cluster.Add(Pod("other", "n1"));
        standing = New(new BebidaConfiguration());
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/other") == 1);
        Assert.That(cluster.Count("evict default/by-design"), Is.Zero);
    }

    [Test]
    public async Task A_pod_that_stays_has_others_evicted_once_a_minute_at_most_and_is_told_once()
    {
        cluster.Add(Pod("bare", "n1") with { HasController = false });
        await standing.DisposeAsync();
        standing = New(new BebidaConfiguration { Eviction = new EvictionConfiguration { Force = false } });
        slurm.Is("n1", NodeConditions.Fail);
        for (var i = 0; i < 60; i++)
        {
            await LookAsync();
            await clock.PassAsync(TimeSpan.FromSeconds(5));
        }
        Assert.That(cluster.Count("list"), Is.InRange(2, 6));
        Assert.That(log.All, Has.Exactly(1).Contains("cannot evict all pods"));
    }

    [Test]
    public async Task Pods_that_came_while_the_node_was_uncordoned_leave()
    {
        slurm.Is("n1", NodeConditions.Fail);
        for (var i = 0; i < 4; i++)
        {
            await LookAsync();
            await clock.PassAsync(TimeSpan.FromSeconds(5));
        }
        ledger.Uncordon("n1");
        cluster.Add(Pod("late", "n1"));
        Assert.That(await RepairAsync(), Is.EqualTo(new[] { "Hold n1 fail" }));
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/late") == 1);
    }

    [Test]
    public async Task Two_of_Slurms_nodes_that_are_one_of_Kubernetes_hold_it_both()
    {
        await standing.DisposeAsync();
        standing = New(
            new BebidaConfiguration
            {
                Nodes = new NodesConfiguration
                {
                    Map = new Dictionary<string, string> { ["a"] = "n1", ["b"] = "n1" },
                },
            }
        );
        slurm.Is("a", NodeConditions.Maintenance);
        slurm.Is("b", NodeConditions.Down);
        await LookAsync(times: 3);
        Assert.That((ledger.State, cluster.Count("hold")), Is.EqualTo(("n1:c.down,c.maint", 2)));
    }

    [TestCase("N1", TestName = "A_node_is_held_whose_name_Slurm_writes_in_capitals")]
    [TestCase("a", TestName = "A_node_is_held_that_is_in_the_map")]
    [TestCase("b", TestName = "A_node_is_held_that_has_a_label")]
    [TestCase("login", false, TestName = "A_node_that_Kubernetes_does_not_know_is_nothing")]
    [TestCase("n3", false, TestName = "A_node_that_is_not_lent_is_nothing")]
    public async Task By_its_name(string name, bool isHeld = true)
    {
        await standing.DisposeAsync();
        standing = New(
            new BebidaConfiguration
            {
                Nodes = new NodesConfiguration
                {
                    Label = "slurm",
                    Map = new Dictionary<string, string> { ["a"] = "n1" },
                    Exclude = ["n3"],
                },
            }
        );
        cluster.Directory.Put(new ClusterNode("n2", "uid-n2", SlurmName: "b"));
        slurm.Is(name, NodeConditions.Down);
        await LookAsync(times: 3);
        Assert.That(
            ledger.State,
            Is.EqualTo(
                !isHeld ? ""
                : name == "b" ? "n2:c.down"
                : "n1:c.down"
            )
        );
    }

    [Test]
    public async Task Two_Slurms_that_know_a_node_hold_it_apart_from_each_other()
    {
        var other = new FakeConditions { Cluster = "d" };
        await using var second = new StandingHolds(cluster, ledger, other, new BebidaConfiguration(), clock, log);
        slurm.Is("n1", NodeConditions.Down);
        other.Is("n1", NodeConditions.Fail);
        await LookAsync();
        await second.LookAsync(default);
        Assert.That(ledger.State, Is.EqualTo("n1:c.down,d.fail"));
        slurm.Is("n1", NodeConditions.None);
        await RepairAsync();
        await LookAsync(times: 2);
        Assert.That(ledger.State, Is.EqualTo("n1:d.fail"));
    }

    [Test]
    public async Task Looks_that_are_asked_for_while_one_waits_are_one()
    {
        var answer = new TaskCompletionSource();
        ledger.Before = _ => answer.Task;
        var first = standing.LookAsync(default);
        await clock.UntilAsync(() => ledger.Reads == 1);
        var others = Enumerable.Range(0, 100).Select(_ => standing.LookAsync(default)).ToList();
        slurm.Is("n1", NodeConditions.Down);
        answer.SetResult();
        await clock.RunAsync(Task.WhenAll([first, .. others]));
        Assert.That(slurm.Questions, Is.EqualTo(2));
        Assert.That(ledger.State, Is.EqualTo("n1:c.down"));
    }

    [Test]
    public async Task A_node_that_is_gone_from_Kubernetes_is_no_failure()
    {
        cluster.Before = what =>
            what.StartsWith("hold n1", StringComparison.Ordinal)
                ? throw new ClusterException(ClusterFault.NotFound, "404 NotFound")
                : Task.CompletedTask;
        slurm.Is("n1", NodeConditions.Fail);
        await LookAsync(times: 3);
        Assert.That(cluster.Count("hold n1"), Is.EqualTo(1));
    }

    [Test]
    public async Task Where_many_nodes_are_DOWN_at_once_no_pod_is_evicted_for_it()
    {
        await standing.DisposeAsync();
        standing = New(new BebidaConfiguration { Slurm = new SlurmConfiguration { Down = OnState.Evict } });
        await LookAsync();
        foreach (var node in new[] { "n1", "n2", "n3" })
        {
            cluster.Add(Pod($"of-{node}", node));
            slurm.Is(node, NodeConditions.Down);
        }
        await LookAsync(times: 3);
        await clock.PassAsync(TimeSpan.FromMinutes(20));
        await LookAsync();
        await clock.PassAsync(TimeSpan.FromSeconds(30));
        Assert.That((ledger.State, cluster.Count("evict")), Is.EqualTo(("n1:c.down n2:c.down n3:c.down", 0)));
        Assert.That(log.All, Has.Exactly(1).Matches(" 3 of 3 lent nodes are newly DOWN"));

        slurm.Is("n2", NodeConditions.None);
        slurm.Is("n3", NodeConditions.None);
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict") == 1);
    }

    [Test]
    public async Task A_hold_that_somebody_took_off_is_back_after_the_reconciler_has_looked()
    {
        slurm.Is("n1", NodeConditions.Down);
        await LookAsync();
        cluster.Held.Remove("n1");
        await LookAsync();
        Assert.That(ledger.State, Is.Empty, "a look reads no ledger");
        Assert.That(await RepairAsync(), Is.EqualTo(new[] { "Hold n1 down" }));
        Assert.That(ledger.State, Is.EqualTo("n1:c.down"));
    }

    [Test]
    public async Task A_ledger_that_was_read_before_a_write_hides_it_from_no_look()
    {
        slurm.Is("n1", NodeConditions.Down);
        await LookAsync();
        var before = standing.Writes;
        var old = await ledger.ReadAsync(default);
        slurm.Is("n1", NodeConditions.None);
        await LookAsync(times: 2);
        slurm.Is("n1", NodeConditions.Down);
        await standing.DifferencesAsync(old, before, default);
        await LookAsync();
        Assert.That(ledger.State, Is.EqualTo("n1:c.down"));
    }

    [Test]
    public async Task The_reconciler_releases_what_Slurm_no_longer_asks_for()
    {
        slurm.Is("n1", NodeConditions.Power);
        await LookAsync();
        slurm.Is("n1", NodeConditions.None);
        Assert.That(await RepairAsync(), Is.EqualTo(new[] { "Release n1 power" }));
        Assert.That(ledger.State, Is.Empty);
    }

    [Test]
    public async Task A_node_that_cannot_be_written_keeps_no_other_from_being_held()
    {
        cluster.Before = what =>
            what.StartsWith("hold n1", StringComparison.Ordinal)
                ? throw new ClusterException(ClusterFault.Refused, "admission webhook denied the request")
                : Task.CompletedTask;
        slurm.Is("n1", NodeConditions.Fail);
        slurm.Is("n2", NodeConditions.Fail);
        var result = await standing.LookAsync(default);
        Assert.That(ledger.State, Is.EqualTo("n2:c.fail"));
        Assert.That(
            result.Outcomes.Select(o => o.Problem).Single(p => p is not null),
            Does.StartWith("node n1: cannot hold it for fail: ")
        );
    }

    [TestCase("hold", 4, true)]
    [TestCase("release", 4, true)]
    [TestCase("hold", int.MaxValue, false)]
    public async Task Another_writer_that_came_first_is_no_failure_unless_it_does_every_time(string write, int conflicts, bool succeeds)
    {
        if (write == "release")
        {
            slurm.Is("n1", NodeConditions.Fail);
            await LookAsync();
            slurm.Is("n1", NodeConditions.None);
            await LookAsync();
        }
        else
        {
            slurm.Is("n1", NodeConditions.Fail);
        }
        var left = conflicts;
        cluster.Before = what =>
            what.StartsWith($"{write} n1", StringComparison.Ordinal) && left-- > 0
                ? throw new ClusterException(ClusterFault.Conflict, "409 Conflict")
                : Task.CompletedTask;
        var result = await clock.RunAsync(standing.LookAsync(default));
        Assert.That(result.Succeeded, Is.EqualTo(succeeds));
    }

    private StandingHolds New(BebidaConfiguration configuration) => new(cluster, ledger, slurm, configuration, clock, log);

    private async Task LookAsync(int times = 1)
    {
        for (var i = 0; i < times; i++)
            Assert.That((await standing.LookAsync(default)).Succeeded);
    }

    private async Task<string[]> RepairAsync()
    {
        await using var handOvers = new HandOvers(cluster, new BebidaConfiguration(), clock, log);
        var reconciler = new Reconciler(
            ledger,
            new FakeJobs(),
            cluster,
            handOvers,
            new BebidaConfiguration(),
            clock,
            log,
            standing: standing
        );
        var result = await clock.RunAsync(reconciler.RepairAsync(TimeSpan.FromSeconds(30), default));
        Assert.That(result.Succeeded);
        return [.. result.Outcomes.Select(o => $"{o.Repair.Action} {o.Repair.Node} {o.Repair.Hold.Key.Job}")];
    }

    private static Pod Pod(string name, string node) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = node,
            HasController = true,
        };
}
