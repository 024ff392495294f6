using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Nodes that jobs have left, kept for the next job (nodes.linger).</summary>
public sealed class LingeringSpecs
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(20);

    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeLedger ledger = null!;
    private FakeJobs slurm = null!;
    private Lines log = null!;
    private Lingering lingering = null!;
    private HandOvers handOvers = null!;
    private StandingHolds standing = null!;

    private ClusterNode N1 => cluster.Directory.ByName("n1")!;

    private Hold Lease => cluster.HoldsOf("n1").Single(hold => hold.Key.Holder == Holders.Linger);

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2");
        ledger = new FakeLedger(cluster, clock);
        slurm = new FakeJobs();
        log = new Lines();
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
    public async Task A_node_is_never_without_a_hold_until_no_job_has_come()
    {
        await RunJobAsync(7);
        Assert.That(cluster.Asked.TakeLast(2), Is.EqualTo(new[] { "hold n1 c.linger", "release n1 c.7" }));
        Assert.That(Lease.Reason, Is.EqualTo(new HoldReason("kept for the next job", clock.GetUtcNow() + TimeSpan.FromSeconds(60))));
        await PassAsync(19);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await PassAsync(2);
        Assert.That(cluster.Held, Is.Empty);
        Assert.That(log.All, Has.Some.Matches("node n1 .*no job has come event=release outcome=done job=linger ms=\\d+ nodes=n1$"));
        await clock.UntilAsync(() => cluster.Events.Any(e => e.Job.Holder == Holders.Linger));
    }

    [Test]
    public async Task A_node_that_somebody_has_uncordoned_during_a_job_is_not_kept_after_it()
    {
        await TakeAsync(7);
        handOvers.Opened(N1);
        await GiveBackAsync(7);
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_hundred_short_jobs_cost_a_few_writes()
    {
        for (uint job = 1; job <= 100; job++)
        {
            await RunJobAsync(job, seconds: 1);
            await PassAsync(1);
            Assert.That(cluster.Held["n1"], Is.Not.Empty, $"after job {job}");
        }
        // The first job's hold, release and pods; and the lease, renewed each half minute.
        Assert.That((cluster.Count("hold"), cluster.Count("release"), cluster.Count("list")), Is.EqualTo((8, 1, 3)));
        Assert.That(cluster.Events, Has.Count.LessThanOrEqualTo(2));
    }

    [Test]
    public async Task A_job_that_outlives_half_a_lease_gets_a_hold_of_its_own()
    {
        await RunJobAsync(7);
        slurm.Runs(8, "n1");
        await TakeAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await PassAsync(29);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await PassAsync(2);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.linger" }));
        await PassAsync(60);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8" }), "nobody needs the lease");
        Assert.That(log.All, Has.Some.Contains("a job holds it event=release").And.None.Contains("no job has come"));
        await GiveBackAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await PassAsync(21);
        Assert.That(cluster.Held, Is.Empty);
    }

    [TestCase(0, true)]
    [TestCase(49, true)]
    [TestCase(50, false)]
    public async Task A_job_leans_on_a_lease_until_ten_seconds_before_its_end(int seconds, bool isRelayed)
    {
        await TearDownAsync();
        Start(TimeSpan.FromMinutes(5));
        lingering.Begin();
        await RunJobAsync(7);
        clock.Advance(TimeSpan.FromSeconds(seconds));
        await TakeAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(isRelayed ? new[] { "c.linger" } : ["c.8", "c.linger"]));
    }

    [Test]
    public async Task A_lease_is_renewed_for_as_long_as_a_node_is_to_be_kept()
    {
        await TearDownAsync();
        Start(TimeSpan.FromMinutes(2));
        lingering.Begin();
        await RunJobAsync(7);
        await PassAsync(115);
        await TakeAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await GiveBackAsync(8);
        await PassAsync(119);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        await PassAsync(2);
        Assert.That(cluster.Held, Is.Empty);
    }

    // Whoever finds it without a hold takes it for one that keeps its nodes in Kubernetes.
    [Test]
    public async Task A_job_that_may_keep_its_nodes_has_a_hold_of_its_own()
    {
        await RunJobAsync(7);
        await clock.RunAsync(handOvers.DecommissionAsync(Job(8) with { User = "root" }, Budget));
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.linger" }));
    }

    [Test]
    public async Task A_node_whose_pods_did_not_all_leave_is_not_kept()
    {
        cluster.Add(Pod("stubborn"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        cluster.OnDelete = (_, _) => { };
        await RunJobAsync(7);
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_pod_that_is_bound_late_is_evicted_while_the_node_is_kept_and_not_after()
    {
        await RunJobAsync(7);
        cluster.Add(Pod("late"));
        await PassAsync(6);
        Assert.That(cluster.Count("evict default/late"), Is.EqualTo(1));
        await PassAsync(20);
        Assert.That(cluster.Held, Is.Empty);
        cluster.Add(Pod("welcome"));
        await PassAsync(10);
        Assert.That(cluster.Count("evict default/welcome"), Is.Zero);
    }

    [Test]
    public async Task Without_a_lease_the_late_pods_of_a_job_are_none_of_its_business_once_it_has_ended()
    {
        await TakeAsync(7);
        await TakeAsync(8);
        // Nothing to be kept: its release is under way.
        cluster.Before = what => what.StartsWith("hold n1 c.linger", StringComparison.Ordinal) ? throw Unavailable : Task.CompletedTask;
        await GiveBackAsync(7);
        await GiveBackAsync(8);
        cluster.Before = null;
        await PassAsync(2);
        Assert.That(cluster.Held, Is.Empty);
        cluster.Add(Pod("welcome"));
        await PassAsync(10);
        Assert.That(cluster.Count("evict"), Is.Zero);
    }

    [Test]
    public async Task A_release_that_fails_is_tried_again_and_no_job_leans_on_it_meanwhile()
    {
        await RunJobAsync(7);
        cluster.Before = what => what == "release n1 c.linger" ? throw Unavailable : Task.CompletedTask;
        await PassAsync(21);
        // It may have been done.
        await TakeAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.linger" }));
        cluster.Before = null;
        await PassAsync(1);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8" }));
    }

    [Test]
    public async Task A_job_that_leaves_while_its_own_hold_is_written_is_left_to_the_reconciler()
    {
        var doubts = 0;
        lingering.InDoubt += () => doubts++;
        await RunJobAsync(7);
        await TakeAsync(8);
        var gate = new TaskCompletionSource();
        cluster.Before = what => what == "hold n1 c.8" ? gate.Task : Task.CompletedTask;
        clock.Advance(TimeSpan.FromSeconds(31));
        var look = lingering.LookAsync(default);
        await GiveBackAsync(8);
        gate.SetResult();
        await look;
        Assert.That((cluster.Held["n1"], doubts), Is.EqualTo((new[] { "c.8", "c.linger" }, 1)).UsingPropertiesComparer());
        await ReconcileAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
    }

    [Test]
    public async Task A_hold_of_a_relayed_jobs_own_is_released_though_its_answer_was_lost()
    {
        await RunJobAsync(7);
        await TakeAsync(8);
        cluster.After = what =>
        {
            if (what == "hold n1 c.8")
                throw Unavailable;
        };
        await PassAsync(30);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.linger" }));
        await GiveBackAsync(8);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
    }

    [Test]
    public async Task A_lease_that_another_slurmctld_has_written_meanwhile_is_left_to_it()
    {
        await RunJobAsync(7);
        await cluster.HoldAsync(N1, Lease with { Reason = new HoldReason("another's", clock.GetUtcNow().AddMinutes(1)) }, default);
        await PassAsync(25);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        Assert.That(log.All, Has.None.Contains("event=release"));
    }

    // Its epilog hangs, and the hand-over that waits for it hides that it has no hold.
    [Test]
    public async Task A_lease_under_which_an_earlier_slurmctlds_job_still_ends_stays()
    {
        await RunJobAsync(7);
        slurm.Runs(8, "n1");
        await TakeAsync(8);
        await TearDownAsync();
        Start();
        clock.Advance(TimeSpan.FromSeconds(71));
        var gate = new TaskCompletionSource();
        cluster.Before = what => what == "release n1 c.8" ? gate.Task : Task.CompletedTask;
        var leaving = handOvers.RecommissionAsync(Job(8), Budget);
        await clock.UntilAsync(() => cluster.Count("release n1 c.8") > 0);
        await ReconcileAsync();
        Assert.That(ledger.State, Is.EqualTo("n1:c.linger"));
        slurm.Ends(8);
        gate.SetResult();
        await clock.RunAsync(leaving);
        await ReconcileAsync();
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task The_reconciler_gives_a_relayed_job_a_hold_only_where_someone_has_uncordoned_its_node()
    {
        await RunJobAsync(7);
        slurm.Runs(8, "n1");
        await TakeAsync(8);
        await ReconcileAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
        ledger.Uncordon("n1");
        await ReconcileAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8", "c.linger" }));
        slurm.Ends(8);
        await GiveBackAsync(8);
        await PassAsync(1);
        Assert.That(cluster.Held, Is.Empty, "whoever uncordons it wants it back");
    }

    // What another process does that does not know which jobs slurmctld's plugin relays. The lease is written at 0 s.
    [TestCase(1, "n1:c.linger")]
    [TestCase(49, "n1:c.linger")]
    [TestCase(50, "n1:c.8,c.linger")]
    [TestCase(69, "n1:c.8,c.linger")]
    [TestCase(70, "n1:c.8")]
    public async Task Another_process_holds_for_relayed_jobs_before_the_lease_ends_and_releases_it_after(int seconds, string state)
    {
        await RunJobAsync(7);
        slurm.Runs(8, "n1");
        await TakeAsync(8);
        clock.Advance(TimeSpan.FromSeconds(seconds));
        await ReconcileElsewhereAsync();
        Assert.That(ledger.State, Is.EqualTo(state));
    }

    [Test]
    public async Task Another_process_does_not_release_a_lease_that_is_renewed_meanwhile()
    {
        await RunJobAsync(7);
        clock.Advance(TimeSpan.FromSeconds(71));
        // It has read the ledger for the second time.
        slurm.Before = async questions =>
        {
            if (questions == 2)
                await cluster.HoldAsync(N1, Lease with { Reason = new HoldReason("renewed", clock.GetUtcNow().AddMinutes(1)) }, default);
        };
        await ReconcileElsewhereAsync();
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.linger" }));
    }

    [Test]
    public async Task A_new_slurmctld_gives_relayed_jobs_their_holds_and_releases_the_lease_after_its_end()
    {
        await RunJobAsync(7);
        slurm.Runs(8, "n1");
        await TakeAsync(8);
        await TearDownAsync();
        Start();
        await RunJobAsync(9);
        Assert.That(ledger.State, Is.EqualTo("n1:c.linger"), "it does not know of whom the lease is");
        await ReconcileAsync();
        Assert.That(ledger.State, Is.EqualTo("n1:c.8,c.linger"));
        await TakeAsync(9);
        Assert.That(ledger.State, Is.EqualTo("n1:c.8,c.9,c.linger"), "no job leans on a lease of another's");
        await GiveBackAsync(9);
        slurm.Ends(8);
        await GiveBackAsync(8);
        clock.Advance(TimeSpan.FromSeconds(71));
        await PassAsync(1);
        await ReconcileAsync();
        Assert.That(cluster.Held, Is.Empty);
    }

    [TestCase(ClusterFault.NotFound, TestName = "A_node_that_was_deleted_is_forgotten_by_whatever_kept_it")]
    [TestCase(ClusterFault.Conflict, TestName = "A_node_that_has_registered_anew_is_forgotten_by_whatever_kept_it")]
    public async Task A_node_that_is_gone(ClusterFault answer)
    {
        await RunJobAsync(7);
        await TakeAsync(8);
        cluster.Directory.Put(N1 with { Uid = "another" });
        cluster.Before = _ => throw new ClusterException(answer, "");
        await PassAsync(60);
        Assert.That((cluster.Count("hold n1 c.8"), cluster.Count("release n1 c.linger")), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task A_node_of_a_site_that_no_longer_lingers_comes_back()
    {
        await RunJobAsync(7);
        clock.Advance(TimeSpan.FromSeconds(71));
        await ReconcileElsewhereAsync();
        Assert.That(cluster.Held, Is.Empty);
    }

    private static ClusterException Unavailable => new(ClusterFault.Unavailable, "no answer");

    private void Start(TimeSpan? linger = null)
    {
        var configuration = new BebidaConfiguration { Nodes = new NodesConfiguration { Linger = linger ?? Linger } };
        lingering = new Lingering(cluster, configuration, clock, log);
        handOvers = new HandOvers(cluster, configuration, clock, log, lingering: lingering);
        standing = new StandingHolds(cluster, ledger, new FakeConditions(), configuration, clock, log, lingering: lingering);
    }

    private Task TakeAsync(uint number) => clock.RunAsync(handOvers.DecommissionAsync(Job(number), Budget));

    private Task GiveBackAsync(uint number) => clock.RunAsync(handOvers.RecommissionAsync(Job(number), Budget));

    private async Task RunJobAsync(uint number, int seconds = 0)
    {
        await TakeAsync(number);
        if (seconds > 0)
            await PassAsync(seconds);
        await GiveBackAsync(number);
    }

    // As slurmctld's plugin does it: a look each second.
    private async Task PassAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            await clock.PassAsync(TimeSpan.FromSeconds(1));
            Assert.That((await clock.RunAsync(lingering.LookAsync(default))).Succeeded);
        }
    }

    private Task ReconcileAsync() => ReconcileAsync(handOvers, standing, lingering);

    private async Task ReconcileElsewhereAsync()
    {
        var configuration = new BebidaConfiguration();
        await using var others = new HandOvers(cluster, configuration, clock, log);
        await using var theirs = new StandingHolds(cluster, ledger, new FakeConditions(), configuration, clock, log);
        await ReconcileAsync(others, theirs, null);
    }

    private async Task ReconcileAsync(HandOvers hands, StandingHolds holds, Lingering? own)
    {
        var reconciler = new Reconciler(
            ledger,
            slurm,
            cluster,
            hands,
            new BebidaConfiguration(),
            clock,
            log,
            standing: holds,
            lingering: own
        );
        Assert.That((await clock.RunAsync(reconciler.RepairAsync(TimeSpan.FromSeconds(30), default))).Succeeded);
    }

    private static Job Job(uint number) => new("c", number, "sim", "alice", "batch", ["n1"]);

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
