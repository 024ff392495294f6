using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Nodes that are marked for maintenance in Kubernetes, and what becomes of them in both.</summary>
public sealed class MaintenanceSpecs
{
    private const string Ours = "bebida maintenance: disk";

    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeLedger ledger = null!;
    private FakeConditions slurm = null!;
    private FakeChanges changes = null!;
    private Lines log = null!;
    private StandingHolds standing = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2", "n3");
        ledger = new FakeLedger(cluster, clock);
        slurm = new FakeConditions();
        changes = new FakeChanges(slurm);
        log = new Lines();
        foreach (var node in new[] { "n1", "n2", "n3" })
            slurm.Is(node, NodeConditions.None);
        standing = New(new BebidaConfiguration());
    }

    [TearDown]
    public Task TearDownAsync() => standing.DisposeAsync().AsTask();

    [Test]
    public async Task A_marked_node_leaves_both_gently_and_returns_to_both()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        Mark("n1", "disk");
        await LookAsync();
        Assert.That((Slurm("n1"), ledger.State), Is.EqualTo(($"Drain {Ours}", "n1:c.maint")));
        await clock.UntilAsync(() => cluster.Count("evict default/a grace own") > 1);
        await clock.PassAsync(TimeSpan.FromMinutes(20));
        Assert.That((cluster.Count("delete"), cluster.Count("evict default/a grace 5")), Is.EqualTo((0, 0)), "its budget is respected");

        Mark("n1", null);
        await LookAsync(times: 2);
        Assert.That((Slurm("n1"), ledger.State), Is.EqualTo(("None ", "")));
        Assert.That(changes.Asked, Is.EqualTo(new[] { "drain n1", "undrain n1" }), "nothing is asked twice");
        Assert.That(log.All, Has.Some.Matches($" node n1 drained in Slurm: {Ours}$"));
    }

    [TestCase(NodeConditions.Drain, "bad disk", "drained by somebody else")]
    [TestCase(NodeConditions.Drain, "", "drained by somebody else, who did not say why")]
    [TestCase(NodeConditions.Drain, Ours + " and the fans", "somebody added to our reason")]
    [TestCase(NodeConditions.Down, "fans", "DOWN: it gets no jobs either, and keeps its reason")]
    [TestCase(NodeConditions.Fail, "fans", "the same")]
    public async Task What_somebody_else_has_done_in_Slurm_is_never_undone(NodeConditions conditions, string reason, string why)
    {
        slurm.Is("n1", conditions, reason);
        Mark("n1", "disk");
        await LookAsync();
        Mark("n1", null);
        await LookAsync(times: 3);
        Assert.That((changes.Asked.Count, Slurm("n1")), Is.EqualTo((0, $"{conditions} {reason}")), why);
    }

    [TestCase("")]
    [TestCase("Not responding")]
    public async Task A_node_that_does_not_answer_is_drained_so_that_it_returns_to_nobody(string reason)
    {
        slurm.Is("n1", NodeConditions.Down, reason);
        Mark("n1", "disk");
        await LookAsync();
        Assert.That(Slurm("n1"), Is.EqualTo($"Down, Drain {Ours}"));
    }

    [Test]
    public async Task A_reason_that_was_changed_meanwhile_keeps_the_node_drained()
    {
        Mark("n1", "disk");
        await LookAsync();
        slurm.Is("n1", NodeConditions.Drain, "fans, do not touch");
        Mark("n1", null);
        await LookAsync(times: 3);
        Assert.That((Slurm("n1"), ledger.State), Is.EqualTo(("Drain fans, do not touch", "")));
    }

    [Test]
    public async Task A_mark_that_says_something_else_now_says_so_in_Slurm_too()
    {
        Mark("n1", "disk");
        await LookAsync();
        Mark("n1", "fans");
        await LookAsync(times: 2);
        Assert.That((Slurm("n1"), changes.Asked.Count), Is.EqualTo(("Drain bebida maintenance: fans", 2)));
    }

    [Test]
    public async Task A_mark_that_went_while_nobody_looked_is_made_good_from_Slurms_reason_alone()
    {
        slurm.Is("n1", NodeConditions.Drain, Ours);
        slurm.Is("n2", NodeConditions.Drain, Ours);
        Mark("n2", "disk");
        await LookAsync();
        Assert.That((changes.Asked, Slurm("n2")), Is.EqualTo((new[] { "undrain n1" }, $"Drain {Ours}")));
    }

    [Test]
    public async Task A_Slurm_that_keeps_old_reasons_may_drain_a_node_with_what_is_left_of_ours()
    {
        changes.KeepsReasons = true;
        Mark("n1", "disk");
        await LookAsync();
        Mark("n1", null);
        await LookAsync(times: 2);
        slurm.Is("n1", NodeConditions.Drain, slurm.Of("n1").Reason);
        await LookAsync(times: 2);
        Assert.That((changes.Asked.Count, slurm.Of("n1").Conditions), Is.EqualTo((2, NodeConditions.Drain)), "Prolog error, say");
        slurm.Is("n1", NodeConditions.Down, slurm.Of("n1").Reason);
        Mark("n1", "fans");
        await LookAsync();
        Assert.That(Slurm("n1"), Is.EqualTo("Down, Drain bebida maintenance: fans"), "nobody's reason is lost");
    }

    [Test]
    public async Task A_node_that_Kubernetes_does_not_know_stays_drained()
    {
        slurm.Is("n9", NodeConditions.Drain, Ours);
        await LookAsync(times: 3);
        Assert.That(changes.Asked, Is.Empty);
    }

    [Test]
    public async Task A_node_that_is_not_lent_is_not_drained_and_one_that_is_no_longer_lent_stays_drained()
    {
        standing = New(new BebidaConfiguration { Nodes = new NodesConfiguration { Exclude = ["n*"] } });
        slurm.Is("n2", NodeConditions.Drain, Ours);
        Mark("n1", "disk");
        Mark("n2", "disk");
        await LookAsync(times: 2);
        Assert.That((changes.Asked.Count, ledger.State), Is.EqualTo((0, "")));
    }

    // n1's mark is new, and n2's is over; a watch that has been failing since shows neither.
    [Test]
    public async Task Slurm_is_not_changed_for_what_a_watch_shows_no_longer()
    {
        slurm.Is("n1", NodeConditions.Drain, Ours);
        var now = cluster.Directory.Nodes.Select(node =>
            node with
            {
                Mark = node.Name == "n1" ? MaintenanceMark.Read("disk", null, null) : null,
            }
        );
        ledger.Nodes = [.. now];
        Mark("n2", "disk");
        await LookAsync(times: 3);
        Assert.That((changes.Asked.Count, ledger.State), Is.EqualTo((0, "n1:c.maint")));
    }

    // Slurm's drain is somebody else's, so nothing is to be changed there, but the hold is a mark's.
    [Test]
    public async Task Nor_is_a_hold_released_for_a_mark_that_a_watch_does_not_show_yet()
    {
        slurm.Is("n1", NodeConditions.Drain, "fans");
        Mark("n1", "disk");
        await LookAsync();
        ledger.Nodes = [.. cluster.Directory.Nodes];
        Mark("n1", null);
        await LookAsync(times: 3);
        Assert.That(ledger.State, Is.EqualTo("n1:c.maint"));
    }

    [Test]
    public async Task A_site_may_leave_this_direction_out()
    {
        standing = New(new BebidaConfiguration { Nodes = new NodesConfiguration { MaintenanceLabel = "" } });
        slurm.Is("n1", NodeConditions.Drain, Ours);
        await LookAsync(times: 2);
        Assert.That(changes.Asked, Is.Empty);
    }

    [TestCase("*")]
    [TestCase("*maint*")]
    [TestCase("bebida*")]
    public async Task Our_reason_is_bad_to_no_site_or_pods_would_not_leave_gently(string pattern)
    {
        standing = New(
            new BebidaConfiguration
            {
                Slurm = new SlurmConfiguration { BadReasons = [pattern], Drain = OnState.Evict },
            }
        );
        slurm.Is("n2", NodeConditions.Down | NodeConditions.Drain, Ours);
        Mark("n1", "disk");
        Mark("n2", "disk");
        cluster.Add(Pod("a", "n1"));
        cluster.Add(Pod("b", "n2"));
        await LookAsync(times: 3);
        Assert.That(ledger.State, Is.EqualTo("n1:c.maint n2:c.down,c.maint"));
        await clock.UntilAsync(() => cluster.Count("evict") == 2);
        Assert.That(cluster.Count("evict default/a grace own") + cluster.Count("evict default/b grace own"), Is.EqualTo(2));
    }

    [Test]
    public async Task A_reservation_that_has_begun_asks_for_more_and_one_that_goes_on_keeps_the_hold()
    {
        var now = clock.GetUtcNow();
        slurm.Maintenance.Add(new Reservation("upgrade", now, now.AddHours(1), ["n1"]));
        Mark("n1", "disk");
        cluster.Add(Pod("a", "n1"));
        await LookAsync();
        await clock.UntilAsync(() => cluster.Count("evict default/a grace 5") == 1);
        Mark("n1", null);
        await LookAsync(times: 3);
        Assert.That((Slurm("n1"), ledger.State), Is.EqualTo(("None ", "n1:c.maint")));
    }

    [Test]
    public async Task What_Slurm_refuses_is_told_once_with_what_to_do_and_tried_again()
    {
        changes.Refused.Add("n1");
        Mark("n1", "disk");
        Mark("n2", "disk");
        for (var i = 0; i < 3; i++)
            Assert.That((await standing.RepairAsync(default)).Succeeded, Is.False);
        Assert.That((Slurm("n1"), Slurm("n2"), ledger.State), Is.EqualTo(("None ", $"Drain {Ours}", "n1:c.maint n2:c.maint")));
        Assert.That(
            log.All.Where(line => line.Contains("cannot drain", StringComparison.Ordinal)),
            Is.EqualTo(
                new[]
                {
                    $"Error: node n1: cannot drain it in Slurm ({Ours}): Access/permission denied; run: scontrol update NodeName=n1 State=DRAIN Reason=\"{Ours}\"; will keep retrying",
                }
            )
        );
        changes.Refused.Clear();
        await LookAsync();
        Assert.That(Slurm("n1"), Is.EqualTo($"Drain {Ours}"));
    }

    [Test]
    public async Task The_reconciler_makes_it_good_as_well_for_many_nodes_at_once()
    {
        slurm.Is("n2", NodeConditions.Drain, Ours);
        Mark("n1", "disk");
        Mark("n3", "disk");
        Assert.That(
            await RepairAsync(),
            Is.EqualTo(new[] { "Drain n1 maint", "Drain n3 maint", "Hold n1 maint", "Hold n3 maint", "Undrain n2 maint" })
        );
        Assert.That((Slurm("n1"), Slurm("n2"), ledger.State), Is.EqualTo(($"Drain {Ours}", "None ", "n1:c.maint n3:c.maint")));
        Assert.That(changes.Asked, Is.EquivalentTo(new[] { "drain n1,n3", "undrain n2" }));
    }

    private string Slurm(string node) => $"{slurm.Of(node).Conditions} {slurm.Of(node).Reason}";

    private void Mark(string node, string? label) =>
        cluster.Directory.Put(cluster.Directory.ByName(node)! with { Mark = MaintenanceMark.Read(label, null, null) });

    private StandingHolds New(BebidaConfiguration configuration) =>
        new(cluster, ledger, slurm, configuration, clock, log, changes: changes);

    private async Task LookAsync(int times = 1)
    {
        for (var i = 0; i < times; i++)
            Assert.That((await standing.LookAsync(default)).Succeeded);
    }

    private async Task<string[]> RepairAsync()
    {
        var configuration = new BebidaConfiguration();
        await using var handOvers = new HandOvers(cluster, configuration, clock, log);
        var reconciler = new Reconciler(ledger, new FakeJobs(), cluster, handOvers, configuration, clock, log, standing: standing);
        var result = await clock.RunAsync(reconciler.RepairAsync(TimeSpan.FromSeconds(30), default));
        Assert.That(result.Succeeded);
        return [.. result.Outcomes.Select(o => $"{o.Repair.Action} {o.Repair.Node} {o.Repair.Hold.Key.Job}").Order(StringComparer.Ordinal)];
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
