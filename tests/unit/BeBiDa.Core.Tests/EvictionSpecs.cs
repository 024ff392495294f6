using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Pods that come back, evictions that are refused, pods that must not be two, and their volumes.</summary>
public class EvictionSpecs
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);

    // Not read from the table: a row that gave up too early must fail the promises below, not leave them.
    private static readonly ClusterFault[] Retried =
    [
        .. Enum.GetValues<ClusterFault>().Except([ClusterFault.NotFound, ClusterFault.Forbidden]),
    ];

    private Lines log = null!;
    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private HandOvers? handOvers;

    [SetUp]
    public void SetUp()
    {
        log = new Lines();
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1");
    }

    [TearDown]
    public async Task TearDown()
    {
        if (handOvers is not null)
            await handOvers.DisposeAsync();
        handOvers = null;
    }

    [Test]
    public void Every_answer_that_an_eviction_can_get_has_one_row() =>
        Assert.That(
            EvictionTable.Rows.Select(row => row.Fault),
            Is.EquivalentTo(Enum.GetValues<ClusterFault>().Select(fault => (ClusterFault?)fault).Prepend(null))
        );

    [Test]
    public void The_page_on_evictions_has_the_table_of_the_code()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "eviction.md"));
        var table = string.Concat(
            EvictionTable.Rows.Select(row =>
                $"| {row.Answer} | {row.Meaning} | {row.Next switch
        {
            NextStep.Wait => "wait | `eviction.onStuck`, `eviction.onStuckStateful`",
            NextStep.Gone => "done |",
            NextStep.Fail => "fail |",
            _ => "try again | `eviction.onBudget`",
        }} |\n"
            )
        );
        Assert.That(page, Does.Contain(table));
    }

    [Test]
    public async Task A_pod_that_comes_back_because_it_tolerates_the_hold_keeps_no_job_waiting_and_is_evicted_once_more()
    {
        Returns(cluster.Add(Pod("a") with { ToleratesUnschedulable = true }));
        var began = clock.GetUtcNow();
        Assert.That((await DecommissionAsync(7)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(clock.GetUtcNow() - began, Is.LessThan(TimeSpan.FromSeconds(1)));
        await clock.PassAsync(TimeSpan.FromSeconds(12));
        Assert.That(cluster.Count("evict"), Is.EqualTo(2));
        Assert.That(
            cluster.Events.Where(e => e.Reason == NodeEvent.PodRemains).Select(e => e.Message),
            Has.Exactly(1).Contains("of ReplicaSet/a tolerates node.kubernetes.io/unschedulable")
        );
        Assert.That(log.All, Has.Exactly(1).Contains("leaving it to the node's prolog"));
    }

    [Test]
    public async Task A_controller_whose_pods_bypass_the_scheduler_does_not_have_them_evicted_for_ever()
    {
        Returns(cluster.Add(Pod("a")));
        Assert.That((await DecommissionAsync(7)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        await clock.PassAsync(TimeSpan.FromSeconds(12));
        Assert.That(cluster.Count("evict"), Is.EqualTo(1 + 16));
        Assert.That(cluster.Events.Count(e => e.Reason == NodeEvent.PodRemains), Is.EqualTo(1));
    }

    [Test]
    public async Task A_job_that_takes_over_a_held_node_waits_for_no_pod_that_came_during_the_hold_or_that_its_stopped_kubelet_cannot_end()
    {
        await DecommissionAsync(7);
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        cluster.OnEvict = _ => { };
        cluster.Add(Pod("tolerates") with { ToleratesUnschedulable = true });
        cluster.Add(Pod("stuck") with { HasClaims = true, DeletionTimestamp = clock.GetUtcNow() - TimeSpan.FromSeconds(5) });
        var began = clock.GetUtcNow();
        Assert.That((await DecommissionAsync(8)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(clock.GetUtcNow() - began, Is.LessThan(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task A_job_that_shares_a_node_whose_drain_is_under_way_waits_for_the_same_pods()
    {
        var pod = cluster.Add(Pod("tolerates") with { ToleratesUnschedulable = true });
        cluster.OnEvict = _ => { };
        var first = Open().DecommissionAsync(Job(7), Budget);
        await clock.UntilAsync(() => cluster.Count("evict") == 1);
        var second = handOvers!.DecommissionAsync(Job(8), Budget);
        await clock.PassAsync(TimeSpan.FromSeconds(2));
        Assert.That((first.IsCompleted, second.IsCompleted), Is.EqualTo((false, false)));
        cluster.Remove(pod);
        Assert.That((await clock.RunAsync(Task.WhenAll(first, second))).Select(r => r.Outcome), Is.All.EqualTo(HandOverOutcome.Done));
    }

    [Test]
    public async Task A_pod_that_tolerates_the_hold_on_a_node_that_Kubernetes_had_in_between_has_to_leave_before_the_job_starts()
    {
        await DecommissionAsync(7);
        await clock.RunAsync(handOvers!.RecommissionAsync(Job(7), Budget));
        cluster.Add(Pod("tolerates") with { ToleratesUnschedulable = true });
        Assert.That((await DecommissionAsync(8)).PodsEvicted, Is.EqualTo(1));
    }

    [Test]
    public async Task No_refusal_ends_a_hand_over_while_another_try_may_help([ValueSource(nameof(Retried))] ClusterFault fault)
    {
        cluster.Add(Pod("a"));
        var tries = 0;
        cluster.OnEvict = pod =>
        {
            if (++tries < 4)
                throw new ClusterException(fault, "not now");
            cluster.Remove(pod);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(cluster.Count("delete"), Is.Zero);
    }

    [Test]
    public async Task At_the_deadline_the_policy_decides_whatever_the_refusal_was(
        [ValueSource(nameof(Retried))] ClusterFault fault,
        [Values(AtDeadline.Delete, AtDeadline.Fail)] AtDeadline policy
    )
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = _ => throw new ClusterException(fault, "denied by policy X");
        var began = clock.GetUtcNow();
        var result = await DrainAsync(new EvictionConfiguration { OnBudget = policy });
        Assert.That(clock.GetUtcNow() - began, Is.InRange(Deadline, Deadline + TimeSpan.FromSeconds(5)));
        if (policy == AtDeadline.Fail)
            Assert.That(
                (result.Left.Single(), cluster.Count("delete")),
                Is.EqualTo(
                    (
                        fault == ClusterFault.Blocked
                            ? "pod default/a on node n1 is kept by its PodDisruptionBudget, and eviction.onBudget is fail"
                            : "pod default/a on node n1 could not be evicted before the deadline, and eviction.onBudget is fail: denied by policy X",
                        0
                    )
                )
            );
        else
            Assert.That((result.Left.Count, cluster.Asked.Count(a => a == "delete default/a grace 5")), Is.EqualTo((0, 1)));
    }

    [Test]
    public async Task A_budget_is_named_at_the_deadline_also_when_the_last_try_got_no_answer()
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        cluster.Before = what =>
            what.StartsWith("evict", StringComparison.Ordinal) && cluster.Count("evict") > 1
                ? new TaskCompletionSource().Task
                : Task.CompletedTask;
        await DrainAsync();
        Assert.That(log.All, Has.Exactly(1).Contains("pod default/a is still kept by a disruption budget; deleting it"));
    }

    [Test]
    public async Task A_missing_right_ends_a_hand_over_at_once_and_one_that_a_starting_server_denies_for_a_moment_does_not(
        [Values] bool isMissing
    )
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = pod =>
        {
            if (isMissing || cluster.Count("evict") == 1)
                throw new ClusterException(ClusterFault.Forbidden, "may not create pods/eviction");
            cluster.Remove(pod);
        };
        var began = clock.GetUtcNow();
        Assert.That(
            (await DrainAsync()).Left,
            isMissing ? Has.Exactly(1).EqualTo("pod default/a on node n1 could not be evicted: may not create pods/eviction") : Is.Empty
        );
        Assert.That(clock.GetUtcNow() - began, Is.LessThan(TimeSpan.FromSeconds(2)));
        Assert.That(cluster.Count("evict"), Is.EqualTo(2));
    }

    [Test]
    public async Task A_deletion_that_is_refused_at_the_deadline_is_tried_again()
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        cluster.OnDelete = (pod, _) =>
        {
            if (cluster.Count("delete") < 3)
                throw new ClusterException(ClusterFault.Refused, "a webhook denies it");
            cluster.Remove(pod);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(log.All, Has.Exactly(1).Contains("deleting it"));
    }

    [Test]
    public async Task A_pod_that_is_deleted_past_its_budget_is_marked_as_disrupted_first_and_one_that_was_evicted_is_marked_already(
        [Values] bool isEvicted
    )
    {
        cluster.Add(Pod("a"));
        cluster.OnEvict = pod =>
        {
            if (!isEvicted)
                throw FakeCluster.Blocked;
            cluster.Terminate(pod, TimeSpan.FromSeconds(5));
        };
        await DrainAsync();
        Assert.That(
            cluster.Asked.Where(a => a.StartsWith("mark", StringComparison.Ordinal) || a.StartsWith("delete", StringComparison.Ordinal)),
            Is.EqualTo(isEvicted ? new[] { "delete default/a grace 0" } : ["mark default/a", "delete default/a grace 5"])
        );
    }

    [TestCase(AtDeadline.Leave)]
    [TestCase(AtDeadline.Fail)]
    [TestCase(AtDeadline.Delete)]
    public async Task A_pod_with_an_identity_that_does_not_end_is_deleted_by_force_only_where_the_site_says_so(AtDeadline policy)
    {
        cluster.Add(Pod("a") with { OfStatefulSet = true });
        cluster.Add(Pod("b") with { HasClaims = true });
        cluster.OnEvict = pod => cluster.Terminate(pod, TimeSpan.FromSeconds(5));
        var result = await DrainAsync(new EvictionConfiguration { OnStuckStateful = policy });
        Assert.That(
            (result.Left.Count, result.Remaining.Count, cluster.Count("delete")),
            Is.EqualTo(
                policy switch
                {
                    AtDeadline.Leave => (0, 2, 0),
                    AtDeadline.Fail => (2, 0, 0),
                    _ => (0, 0, 2),
                }
            )
        );
    }

    [Test]
    public async Task By_default_a_job_starts_beside_the_object_of_such_a_pod_and_its_node_says_so()
    {
        cluster.Add(Pod("a") with { OfStatefulSet = true, Controller = "StatefulSet/db" });
        cluster.OnEvict = pod => cluster.Terminate(pod, TimeSpan.FromSeconds(5));
        Assert.That((await DecommissionAsync(7)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        await clock.UntilAsync(() => cluster.Events.Count == 2);
        Assert.That(
            cluster.Events.Select(e => e.Message),
            Has.Exactly(1).Contains("Pod default/a of StatefulSet/db has not ended within its grace")
        );
    }

    [Test]
    public async Task A_pod_with_an_identity_is_never_evicted_with_a_grace_of_zero_which_would_be_by_force()
    {
        cluster.Add(Pod("a") with { HasClaims = true });
        cluster.Add(Pod("b"));
        await DrainAsync(new EvictionConfiguration { GracePeriod = TimeSpan.Zero });
        Assert.That(cluster.Asked, Has.Member("evict default/a grace 1").And.Member("evict default/b grace 0"));
    }

    [Test]
    public async Task A_job_waits_until_the_volumes_of_evicted_pods_are_unmounted_and_no_longer_than_configured([Values] bool areUnmounted)
    {
        cluster.Add(Pod("a") with { HasClaims = true });
        cluster.VolumesInUse.Clear();
        foreach (
            var answer in (string[][])
                [
                    ["csi/v1"],
                    ["csi/v1"],
                    areUnmounted ? [] : ["csi/v1"],
                ]
        )
            cluster.VolumesInUse.Enqueue(answer);
        var began = clock.GetUtcNow();
        Assert.That((await DecommissionAsync(7)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(
            clock.GetUtcNow() - began,
            areUnmounted ? Is.LessThan(TimeSpan.FromSeconds(2)) : Is.InRange(TimeSpan.FromSeconds(14), TimeSpan.FromSeconds(16))
        );
        Assert.That(
            log.All.Count(line => line.Contains("1 volumes are still in use after 15s", StringComparison.Ordinal)),
            Is.EqualTo(areUnmounted ? 0 : 1)
        );
    }

    [Test]
    public async Task Volumes_are_not_asked_for_where_no_pod_had_a_claim()
    {
        cluster.Add(Pod("a"));
        await DecommissionAsync(7);
        Assert.That(cluster.Count("volumes"), Is.Zero);
    }

    // As a controller does: whenever a pod of it is gone, another one is there.
    private void Returns(Pod first)
    {
        var made = 0;
        cluster.OnEvict = pod =>
        {
            cluster.Remove(pod);
            cluster.Add(first with { Name = $"again-{++made}", Uid = $"uid-again-{made}" });
        };
    }

    private static Pod Pod(string name) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = "n1",
            HasController = true,
            Controller = $"ReplicaSet/{name}",
            ControllerUid = "uid-owner",
        };

    private static Job Job(uint id) => new("c", id, "", "", "", ["n1"]);

    private HandOvers Open() => handOvers ??= new HandOvers(cluster, new BebidaConfiguration(), clock, log);

    private Task<HandOverResult> DecommissionAsync(uint job) => clock.RunAsync(Open().DecommissionAsync(Job(job), Budget));

    private Task<DrainResult> DrainAsync(EvictionConfiguration? policy = null) =>
        clock.RunAsync(
            new Drain(
                cluster,
                new DrainScope([.. cluster.Directory.Nodes], new HashSet<string>(), new ReplacementLimit((_, _) => { })),
                policy ?? new EvictionConfiguration(),
                32,
                Deadline,
                clock,
                log
            ).RunAsync(default)
        );
}
