using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

public class DrainSpecs
{
    private Lines log = null!;
    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private List<string> remaining = null!;

    [SetUp]
    public void SetUp()
    {
        log = new Lines();
        clock = Clock.New();
        remaining = [];
        cluster = new FakeCluster(clock).WithNodes("n1", "n2");
    }

    [Test]
    public async Task A_node_without_pods_is_empty_after_one_list()
    {
        var result = await DrainAsync();
        Assert.That(result.Left, Is.Empty);
        Assert.That(cluster.Asked, Is.EqualTo(new[] { "list" }));
    }

    [Test]
    public async Task All_pods_of_all_nodes_are_evicted_with_the_configured_grace()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.Add(Pod("b", "n2"));
        var result = await DrainAsync();
        Assert.That(result.Evicted, Is.EquivalentTo(new Dictionary<string, int> { ["n1"] = 1, ["n2"] = 1 }));
        Assert.That(cluster.Asked, Has.Member("evict default/a grace 5").And.Member("evict default/b grace 5"));
    }

    [Test]
    public async Task Pods_keep_their_own_grace_when_configured_so()
    {
        cluster.Add(Pod("a", "n1"));
        await DrainAsync(new EvictionConfiguration { GracePeriod = null });
        Assert.That(cluster.Asked, Has.Member("evict default/a grace own"));
    }

    [Test]
    public async Task Pods_of_a_DaemonSet_mirror_pods_and_finished_pods_are_left_alone()
    {
        cluster.Add(Pod("daemon", "n1") with { OfDaemonSet = true });
        cluster.Add(Pod("static", "n1") with { Mirror = true });
        cluster.Add(Pod("finished", "n1") with { Finished = true });
        var result = await DrainAsync();
        Assert.That(result.Left, Is.Empty);
        Assert.That(cluster.Count("evict"), Is.Zero);
    }

    [Test]
    public async Task Pods_on_other_nodes_are_left_alone()
    {
        cluster.WithNodes("n3").Add(Pod("a", "n3"));
        await DrainAsync();
        Assert.That(cluster.Count("evict"), Is.Zero);
    }

    [Test]
    public async Task A_pod_that_finishes_while_it_leaves_counts_as_gone()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => cluster.Add(pod with { Finished = true });
        Assert.That((await DrainAsync()).Left, Is.Empty);
    }

    [Test]
    public async Task A_node_whose_evictions_hang_keeps_the_drains_other_nodes_not_waiting_and_loses_its_pods_at_the_deadline()
    {
        for (var i = 0; i < 50; i++)
            cluster.Add(Pod($"hang-{i}", "n1"));
        cluster.Add(Pod("other", "n2"));
        cluster.Before = what =>
            what.StartsWith("evict default/hang", StringComparison.Ordinal) ? new TaskCompletionSource().Task : Task.CompletedTask;
        var drain = Drain(new EvictionConfiguration { Deadline = TimeSpan.FromSeconds(20) }).RunAsync(default);
        await clock.UntilAsync(() => cluster.Count("evict default/other") == 1);
        Assert.That(cluster.Count("delete"), Is.Zero);
        var result = await clock.RunAsync(drain);
        Assert.That(result.Left, Is.Empty);
        Assert.That((result.Evicted["n1"], cluster.Count("delete default/hang")), Is.EqualTo((50, 50)));
    }

    [Test]
    public async Task The_drain_ends_only_when_the_last_pod_is_gone()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = p => cluster.Terminate(p, TimeSpan.FromSeconds(5));
        var drain = Drain().RunAsync(default);
        await clock.PassAsync(TimeSpan.FromSeconds(4));
        Assert.That(drain.IsCompleted, Is.False);
        cluster.Remove(pod);
        Assert.That((await clock.RunAsync(drain)).Left, Is.Empty);
        Assert.That(cluster.Count("delete"), Is.Zero);
    }

    [Test]
    public async Task A_pod_that_was_bound_just_before_the_hold_is_evicted_too()
    {
        var first = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = p =>
        {
            if (p.Name == "a")
                cluster.Add(Pod("late", "n1"));
            cluster.Remove(p);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(cluster.Count("evict default/late"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_budget_that_gives_way_before_the_deadline_is_respected()
    {
        cluster.Add(Pod("a", "n1"));
        var tries = 0;
        cluster.OnEvict = p =>
        {
            if (++tries < 4)
                throw FakeCluster.Blocked;
            cluster.Remove(p);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(cluster.Count("delete"), Is.Zero);
    }

    [Test]
    public async Task A_budget_that_does_not_give_way_is_overruled_at_the_deadline_with_the_grace_kept()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        var began = clock.GetUtcNow();
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(clock.GetUtcNow() - began, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(20)));
        Assert.That(cluster.Asked, Has.Exactly(1).EqualTo("delete default/a grace 5"));
    }

    [Test]
    public async Task A_budget_wins_where_the_configuration_says_so()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        var result = await DrainAsync(new EvictionConfiguration { OnBudget = AtDeadline.Fail });
        Assert.That(
            result.Left,
            Is.EqualTo(new[] { "pod default/a on node n1 is kept by its PodDisruptionBudget, and eviction.onBudget is fail" })
        );
        Assert.That(cluster.Count("delete"), Is.Zero);
    }

    [Test]
    public async Task A_pod_whose_kubelet_is_dead_is_deleted_without_grace_at_the_deadline_and_not_before()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = p => cluster.Terminate(p, TimeSpan.FromSeconds(5));
        var began = clock.GetUtcNow();
        DateTimeOffset? deleted = null;
        cluster.OnDelete = (p, grace) =>
        {
            deleted = clock.GetUtcNow();
            cluster.Remove(p);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(cluster.Asked, Has.Exactly(1).EqualTo("delete default/a grace 0"));
        Assert.That(deleted - began, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(20)));
    }

    [Test]
    public async Task A_pod_deleted_past_its_budget_still_gets_its_grace_before_it_is_deleted_without()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw FakeCluster.Blocked;
        var began = clock.GetUtcNow();
        DateTimeOffset? forced = null;
        cluster.OnDelete = (p, grace) =>
        {
            if (grace > TimeSpan.Zero)
            {
                cluster.Terminate(p, grace.Value);
                return;
            }
            forced = clock.GetUtcNow();
            cluster.Remove(p);
        };
        Assert.That((await DrainAsync()).Left, Is.Empty);
        Assert.That(forced - began, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(25)));
    }

    [Test]
    public async Task A_stuck_pod_stays_where_the_configuration_says_so()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = p => cluster.Terminate(p, TimeSpan.FromSeconds(5));
        var result = await DrainAsync(new EvictionConfiguration { OnStuck = AtDeadline.Fail });
        Assert.That(result.Left.Single(), Does.Contain("eviction.onStuck is fail"));
        Assert.That(cluster.Count("delete"), Is.Zero);
    }

    [Test]
    public async Task A_pod_that_a_finalizer_keeps_for_ever_does_not_keep_the_drain_for_ever()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = p => cluster.Terminate(p, TimeSpan.FromSeconds(5));
        cluster.OnDelete = (_, _) => { };
        Assert.That((await DrainAsync()).Left.Single(), Does.Contain("finalizer"));
    }

    [Test]
    public async Task Pods_without_a_controller_or_with_an_emptyDir_stay_where_the_configuration_says_so_and_the_others_leave()
    {
        cluster.Add(Pod("bare", "n1") with { HasController = false });
        cluster.Add(Pod("scratch", "n1") with { HasEmptyDir = true });
        cluster.Add(Pod("plain", "n1"));
        var result = await DrainAsync(new EvictionConfiguration { Force = false, DeleteEmptyDirData = false });
        Assert.That(
            result.Left,
            Has.Count.EqualTo(2).And.Some.Contains("eviction.force is false").And.Some.Contains("eviction.deleteEmptyDirData is false")
        );
        Assert.That(cluster.Count("evict"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_pod_that_was_gone_before_its_eviction_is_gone()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => throw new ClusterException(ClusterFault.NotFound, "404");
        Assert.That((await DrainAsync()).Left, Is.Empty);
    }

    [Test]
    public async Task A_server_that_fails_now_and_then_is_asked_again()
    {
        cluster.Add(Pod("a", "n1"));
        var failures = 3;
        cluster.Before = what =>
            what != "watch" && failures-- > 0 ? throw new ClusterException(ClusterFault.Unavailable, "503") : Task.CompletedTask;
        Assert.That((await DrainAsync()).Left, Is.Empty);
    }

    [Test]
    public async Task A_pod_that_went_while_the_watch_was_broken_is_found_gone([Values] bool expired)
    {
        var pod = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => { };
        var drain = Drain().RunAsync(default);
        await clock.UntilAsync(() => cluster.Count("watch") == 1 && cluster.Count("evict") == 1);
        cluster.RemoveUnseen(pod);
        cluster.BreakWatches(expired ? new ClusterException(ClusterFault.Expired, "410 Gone") : null);
        Assert.That((await clock.RunAsync(drain)).Left, Is.Empty);
    }

    [Test]
    public async Task A_pod_that_went_is_found_gone_by_a_server_that_has_just_started_and_forbids_everything_at_first()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => { };
        var drain = Drain().RunAsync(default);
        await clock.UntilAsync(() => cluster.Count("watch") == 1 && cluster.Count("evict") == 1);
        cluster.RemoveUnseen(pod);
        cluster.Before = what =>
            what == "list" && cluster.Count("list") == 2
                ? throw new ClusterException(ClusterFault.Refused, "403 Forbidden")
                : Task.CompletedTask;
        cluster.BreakWatches();
        await clock.UntilAsync(() => cluster.Count("watch") == 2);
        cluster.BreakWatches();
        Assert.That((await clock.RunAsync(drain)).Left, Is.Empty);
    }

    [Test]
    public async Task No_more_evictions_are_under_way_at_once_than_allowed()
    {
        for (var i = 0; i < 50; i++)
            cluster.Add(Pod($"p{i}", "n1"));
        var (now, most) = (0, 0);
        var gate = new TaskCompletionSource();
        cluster.Before = async what =>
        {
            if (!what.StartsWith("evict", StringComparison.Ordinal))
                return;
            lock (gate)
                most = Math.Max(most, ++now);
            await Task.Delay(1);
            lock (gate)
                now--;
        };
        await DrainAsync(maxInFlight: 8);
        Assert.That(most, Is.InRange(2, 8));
        Assert.That(cluster.Count("evict"), Is.EqualTo(50));
    }

    [Test]
    public async Task A_request_that_ends_by_a_bug_is_told_and_tried_again()
    {
        for (var i = 0; i < 5; i++)
            cluster.Add(Pod($"p{i}", "n1"));
        var failures = 3;
        cluster.OnEvict = pod =>
        {
            if (failures-- > 0)
                throw new InvalidOperationException("a bug");
            cluster.Remove(pod);
        };
        // One at a time: a request that is never counted as ended would let no other begin.
        var drain = Drain(maxInFlight: 1).RunAsync(default);
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        Assert.That(drain.IsCompleted, Is.True);
        Assert.That((await drain).Left, Is.Empty);
        Assert.That(cluster.Count("delete"), Is.Zero);
        Assert.That(Errors, Has.Count.EqualTo(3).And.All.Contains("unexpected internal error").And.All.Contains("a bug"));
    }

    [Test]
    public async Task A_watch_and_a_list_that_end_by_a_bug_are_told_and_the_drain_goes_on_seeing()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => { };
        var drain = Drain().RunAsync(default);
        await clock.UntilAsync(() => cluster.Count("watch") == 1 && cluster.Count("evict") == 1);
        cluster.RemoveUnseen(pod);
        cluster.Before = what =>
            what == "list" && cluster.Count("list") == 2 ? throw new InvalidOperationException("a bug in lists") : Task.CompletedTask;
        cluster.BreakWatches(new InvalidOperationException("a bug in watches"));
        await clock.UntilAsync(() => cluster.Count("watch") == 2);
        cluster.BreakWatches();
        Assert.That((await clock.RunAsync(drain)).Left, Is.Empty);
        Assert.That(cluster.Count("delete"), Is.Zero);
        Assert.That(Errors, Has.Count.EqualTo(2).And.Some.Contains("a bug in watches").And.Some.Contains("a bug in lists"));
    }

    [Test]
    public async Task A_drain_that_gets_no_watch_lists_its_pods_after_pauses_that_grow_until_it_gets_one()
    {
        var pods = new[] { cluster.Add(Pod("a", "n1")), cluster.Add(Pod("b", "n1")) };
        cluster.OnEvict = _ => { };
        cluster.BeforeWatch = () => throw new ClusterException(ClusterFault.Throttled, "too many");
        var drain = Drain(new EvictionConfiguration { OnStuck = AtDeadline.Fail }, patience: TimeSpan.FromHours(1)).RunAsync(default);
        await clock.PassAsync(TimeSpan.FromSeconds(60));
        Assert.That(cluster.Count("list"), Is.InRange(60 / 6.25, 2 + (60 / 3.75) + 2));
        cluster.RemoveUnseen(pods[0]);
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Count("evict"), Is.EqualTo(2));
        cluster.BeforeWatch = null;
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        var lists = cluster.Count("list");
        cluster.Remove(pods[1]);
        var result = await clock.RunAsync(drain);
        Assert.That(
            (result.Left.Count, result.Evicted["n1"], cluster.Count("list")),
            Is.EqualTo((0, 2, lists)),
            "the last is told by a watch"
        );
    }

    private List<string> Errors => [.. log.All.Where(line => line.StartsWith("Error: ", StringComparison.Ordinal))];

    private static Pod Pod(string name, string node) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = node,
            HasController = true,
        };

    private Drain Drain(EvictionConfiguration? policy = null, int maxInFlight = 32, TimeSpan? patience = null) =>
        new(
            cluster,
            new DrainScope(
                [.. cluster.Directory.Nodes.Where(n => n.Name is "n1" or "n2")],
                new HashSet<string>(),
                new ReplacementLimit((pod, why) => remaining.Add($"{pod} {why}"))
            ),
            policy ?? new EvictionConfiguration(),
            maxInFlight,
            patience ?? TimeSpan.FromSeconds(20),
            clock,
            log
        );

    private Task<DrainResult> DrainAsync(EvictionConfiguration? policy = null, int maxInFlight = 32) =>
        clock.RunAsync(Drain(policy, maxInFlight).RunAsync(default));
}
