using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Nodes that were emptied for a job to come (nodes.lead, nodes.keepFree): it starts with no request, under a lease.</summary>
public sealed class OfferedNodesSpecs
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);

    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeLedger ledger = null!;
    private FakeConditions slurm = null!;
    private Lines log = null!;
    private Lingering lingering = null!;
    private HandOvers handOvers = null!;
    private StandingHolds standing = null!;
    private BebidaConfiguration configuration = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2");
        ledger = new FakeLedger(cluster, clock);
        slurm = new FakeConditions();
        slurm.Is("n1", NodeConditions.Idle);
        log = new Lines();
        configuration = new BebidaConfiguration
        {
            Nodes = new NodesConfiguration { KeepFree = new Dictionary<string, int> { ["n1"] = 1 } },
        };
        Start();
        lingering.Begin();
    }

    [TearDown]
    public async Task TearDownAsync()
    {
        cluster.Before = null;
        await handOvers.DisposeAsync();
        await standing.DisposeAsync();
        await lingering.DisposeAsync();
    }

    [Test]
    public async Task A_job_starts_without_a_request_on_a_node_that_was_found_empty_twice()
    {
        cluster.Add(Pod("a"));
        await PassAsync(4);
        Assert.That(ledger.State, Is.EqualTo("n1:c.policy"), "a pod that was bound in the moment of the hold comes later");
        await PassAsync(10);
        Assert.That(ledger.State, Is.EqualTo("n1:c.linger,c.policy"));
        await TakeAsync();
        Assert.That(cluster.Asked[^1], Is.EqualTo("hold n1 c.linger"));
        await PassAsync(5);
        await GiveBackAsync();
        Assert.That(ledger.State, Is.EqualTo("n1:c.linger,c.policy"), "it is kept for a minute more");
        await PassAsync(65);
        Assert.That((ledger.State, cluster.Count("hold n1 c.7"), cluster.Count("release n1 c.7")), Is.EqualTo(("", 0, 0)));
    }

    [TestCase(5, "n1:c.linger")]
    [TestCase(32, "n1:c.7,c.linger")]
    [TestCase(62, "n1:c.7")]
    public async Task A_node_that_waits_for_no_other_job_is_back_a_look_after_its_job(int seconds, string holds)
    {
        lingering.Offer("c", [cluster.Directory.ByName("n1")!]);
        await PassAsync(1, lingering.LookAsync);
        await TakeAsync();
        lingering.Offer("c", []);
        await PassAsync(seconds, lingering.LookAsync);
        Assert.That(ledger.State, Is.EqualTo(holds));
        await GiveBackAsync();
        await PassAsync(1, lingering.LookAsync);
        Assert.That(ledger.State, Is.Empty);
    }

    [Test]
    public async Task A_lease_is_renewed_while_its_node_waits_and_ends_when_it_waits_no_more()
    {
        await PassAsync(120);
        Assert.That((ledger.State, cluster.Count("hold n1 c.linger")), Is.EqualTo(("n1:c.linger,c.policy", 4)));
        slurm.Is("n1", NodeConditions.None);
        await PassAsync(65);
        Assert.That(ledger.State, Is.Empty);
    }

    [TestCase(0, TestName = "No_lease_where_a_pod_may_not_leave")]
    [TestCase(1, TestName = "No_lease_where_a_pod_hangs_though_a_later_drain_passes_over_it")]
    public async Task No_lease(int grace)
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = pod =>
        {
            if (grace == 0)
                throw FakeCluster.Blocked;
            cluster.Terminate(pod, TimeSpan.FromSeconds(grace));
        };
        await PassAsync(900);
        Assert.That(ledger.State, Is.EqualTo("n1:c.policy"));
        await TakeAsync(wait: false);
        await clock.UntilAsync(() => cluster.Held["n1"].Contains("c.7"));
    }

    [Test]
    public async Task No_lease_before_each_job_has_its_hold()
    {
        await TearDownAsync();
        Start();
        await PassAsync(20);
        Assert.That(ledger.State, Is.EqualTo("n1:c.policy"));
    }

    [Test]
    public async Task No_lease_on_a_node_that_is_to_be_mended_too()
    {
        await PassAsync(14);
        slurm.Maintenance.Add(new Reservation("upgrade", clock.GetUtcNow().AddMinutes(9), clock.GetUtcNow().AddHours(1), ["n1"]));
        await PassAsync(3);
        Assert.That(ledger.State, Is.EqualTo("n1:c.maint,c.policy"));
    }

    [Test]
    public async Task A_node_that_somebody_uncordoned_is_emptied_again_before_a_job_is_relayed()
    {
        await PassAsync(14);
        ledger.Uncordon("n1");
        cluster.Add(Pod("late"));
        var repair = (await clock.RunAsync(standing.DifferencesAsync(await ledger.ReadAsync(default), standing.Writes, default))).Single();
        await clock.RunAsync(standing.ApplyAsync(repair, default));
        var lists = cluster.Count("list");
        await PassAsync(4);
        Assert.That((ledger.State, cluster.Count("evict"), cluster.Count("list") - lists), Is.EqualTo(("n1:c.policy", 1, 1)));
        await PassAsync(10);
        Assert.That((ledger.State, cluster.Count("list") - lists), Is.EqualTo(("n1:c.linger,c.policy", 2)));
    }

    // A look or the reconciler writes one more holder, or another reason.
    [Test]
    public async Task A_lease_stays_when_a_hold_is_written_again_under_which_no_pod_could_come()
    {
        await PassAsync(14);
        var hold = new Hold(new HoldKey("c", Holders.Policy), null, new HoldReason("another", null));
        await clock.RunAsync(
            standing.ApplyAsync(new Repair(RepairAction.Hold, "n1", cluster.Directory.ByName("n1")!, hold, "another"), default)
        );
        await PassAsync(3);
        Assert.That((ledger.State, cluster.Count("release")), Is.EqualTo(("n1:c.linger,c.policy", 0)));
    }

    [Test]
    public async Task A_pod_that_somebody_brings_later_leaves_within_a_minute()
    {
        await PassAsync(14);
        cluster.Add(Pod("late"));
        await PassAsync(62);
        Assert.That((ledger.State, cluster.Count("evict")), Is.EqualTo(("n1:c.linger,c.policy", 1)));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        cluster.Add(Pod("stays") with { ToleratesUnschedulable = true });
        await PassAsync(62);
        Assert.That(ledger.State, Is.EqualTo("n1:c.policy"));
    }

    [Test]
    public async Task No_lease_where_a_job_has_the_node_with_a_hold_of_its_own()
    {
        await PassAsync(14);
        await clock.RunAsync(handOvers.DecommissionAsync(Job with { User = "root" }, Budget));
        slurm.Is("n1", NodeConditions.None);
        await PassAsync(5);
        Assert.That(ledger.State, Is.EqualTo("n1:c.7,c.policy"));
    }

    // A job that is relayed removes no Node, and no other job may under a lease.
    [TestCase(0, 0, 0, false, false)]
    [TestCase(5, 0, 0, false, true)]
    [TestCase(0, 5, 0, false, true)]
    [TestCase(0, 0, 1, false, true)]
    [TestCase(0, 5, 1, true, false)]
    public void Leases_are_for_sites_that_keep_nodes(int linger, int lead, int free, bool removeNode, bool isNeeded) =>
        Assert.That(
            Lingering.IsNeeded(
                new BebidaConfiguration
                {
                    Kubernetes = new KubernetesConfiguration { RemoveNode = removeNode },
                    Nodes = new NodesConfiguration
                    {
                        Linger = TimeSpan.FromSeconds(linger),
                        Lead = TimeSpan.FromSeconds(lead),
                        KeepFree = free == 0 ? new Dictionary<string, int>() : new Dictionary<string, int> { ["n1"] = free },
                    },
                }
            ),
            Is.EqualTo(isNeeded)
        );

    [Test]
    public async Task No_lease_where_a_pod_comes_back_that_tolerates_the_hold()
    {
        cluster.OnEvict = pod =>
        {
            cluster.Remove(pod);
            cluster.Add(Pod(pod.Name + "a") with { ToleratesUnschedulable = true });
        };
        cluster.Add(Pod("a"));
        await PassAsync(60);
        Assert.That(ledger.State, Is.EqualTo("n1:c.policy"));
    }

    [TestCase(true, TestName = "No_job_is_relayed_once_a_watch_has_shown_that_somebody_has_uncordoned_the_node")]
    [TestCase(false, TestName = "No_job_is_relayed_once_the_reconciler_has_seen_that_somebody_has_uncordoned_the_node")]
    public async Task No_relay(bool isTold)
    {
        await PassAsync(14);
        ledger.Uncordon("n1");
        if (isTold)
        {
            var node = cluster.Directory.ByName("n1")!;
            lingering.End(node);
            standing.Opened(node);
            await PassAsync(4);
            Assert.That(ledger.State, Is.EqualTo("n1:c.policy"), "it is held anew, and offered once it has been found empty again");
        }
        else
            await clock.RunAsync(standing.DifferencesAsync(await ledger.ReadAsync(default), standing.Writes, default));
        await TakeAsync();
        Assert.That(cluster.Held["n1"], Does.Contain("c.7"));
    }

    private void Start()
    {
        lingering = new Lingering(cluster, configuration, clock, log);
        handOvers = new HandOvers(cluster, configuration, clock, log, lingering: lingering);
        standing = new StandingHolds(
            cluster,
            ledger,
            slurm,
            configuration,
            clock,
            log,
            lingering: lingering,
            keptFree: new KeptFree(configuration, clock)
        );
    }

    private async Task TakeAsync(bool wait = true)
    {
        slurm.Is("n1", NodeConditions.None);
        var taken = handOvers.DecommissionAsync(Job, Budget);
        if (wait)
            await clock.RunAsync(taken);
    }

    private Task GiveBackAsync() => clock.RunAsync(handOvers.RecommissionAsync(Job, Budget));

    // As slurmctld's plugin does it: a look each second.
    private Task PassAsync(int seconds) => PassAsync(seconds, standing.LookAsync, lingering.LookAsync);

    private async Task PassAsync(int seconds, params Func<CancellationToken, Task<ReconcileResult>>[] looks)
    {
        for (var second = 0; second < seconds; second++)
        {
            await clock.PassAsync(TimeSpan.FromSeconds(1));
            foreach (var look in looks)
                await clock.RunAsync(look(default));
        }
    }

    private static Job Job => new("c", 7, "sim", "alice", "batch", ["n1"]);

    private static Pod Pod(string name) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = "n1",
            HasController = true,
        };
}
