using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

public class HandOverSpecs
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(29.5);
    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private HandOvers handOvers = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes("n1", "n2", "n3");
        handOvers = new HandOvers(cluster, new BebidaConfiguration(), clock, NullLogger.Instance);
    }

    [TearDown]
    public async Task TearDown() => await handOvers.DisposeAsync();

    [Test]
    public async Task Every_node_of_a_job_is_held_before_any_pod_is_evicted()
    {
        cluster.Add(Pod("a", "n1"));
        var result = await DecommissionAsync(Job(7, "n1", "n2"));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(result.PodsEvicted, Is.EqualTo(1));
        Assert.That(
            cluster.Asked.TakeWhile(a => a.StartsWith("hold", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { "hold n1 c.7", "hold n2 c.7" })
        );
    }

    [Test]
    public async Task Nothing_is_read_of_a_node_before_it_is_held()
    {
        await DecommissionAsync(Job(7, "n1"));
        Assert.That(cluster.Asked, Is.EqualTo(new[] { "hold n1 c.7", "list" }));
    }

    [Test]
    public async Task The_last_job_gives_the_node_back()
    {
        await DecommissionAsync(Job(7, "n1"));
        await DecommissionAsync(Job(8, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.8" }));
        await RecommissionAsync(Job(8, "n1"));
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task Doing_it_twice_is_doing_it_once()
    {
        await DecommissionAsync(Job(7, "n1"));
        await DecommissionAsync(Job(7, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task Nodes_are_given_back_only_when_the_job_has_left_them()
    {
        var presence = new Presence();
        await using var patient = new HandOvers(cluster, new BebidaConfiguration(), clock, NullLogger.Instance, presence);
        await patient.DecommissionAsync(Job(7, "n1"), Budget);
        var givingBack = patient.RecommissionAsync(Job(7, "n1"), Budget);
        await clock.UntilAsync(() => presence.Asked > 3);
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.7" }));

        presence.HasLeft = true;
        await clock.UntilAsync(() => givingBack.IsCompleted);
        Assert.That((await givingBack).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_node_whose_epilog_hangs_keeps_no_other_node_of_its_job_out_of_Kubernetes()
    {
        var presence = new Presence { Left = ["n1", "n3"] };
        await using var patient = new HandOvers(cluster, new BebidaConfiguration(), clock, NullLogger.Instance, presence);
        await patient.DecommissionAsync(Job(7, "n1", "n2", "n3"), Budget);
        var givingBack = patient.RecommissionAsync(Job(7, "n1", "n2", "n3"), Budget);
        await clock.UntilAsync(() => cluster.Count("release") == 2);
        Assert.That((cluster.Held.Keys.Single(), givingBack.IsCompleted), Is.EqualTo(("n2", false)));
        Assert.That((await clock.RunAsync(givingBack)).Problems, Is.EqualTo(new[] { new Problem(null, "the job is still on n2") }));
        await clock.PassAsync(TimeSpan.FromMinutes(10));
        presence.HasLeft = true;
        await clock.UntilAsync(() => cluster.Held.Count == 0);
        Assert.That(cluster.Count("release"), Is.EqualTo(3));
    }

    [Test]
    public async Task A_node_of_two_names_is_given_back_when_the_job_has_left_both()
    {
        var presence = new Presence { Left = ["a"] };
        var configuration = new BebidaConfiguration
        {
            Nodes = new NodesConfiguration
            {
                Map = new Dictionary<string, string> { ["a"] = "n1", ["b"] = "n1" },
            },
        };
        await using var patient = new HandOvers(cluster, configuration, clock, NullLogger.Instance, presence);
        await patient.DecommissionAsync(Job(7, "a", "b"), Budget);
        var givingBack = patient.RecommissionAsync(Job(7, "a", "b"), Budget);
        await clock.UntilAsync(() => presence.Asked > 3);
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n1" }));
        presence.HasLeft = true;
        await clock.RunAsync(givingBack);
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_hold_that_a_webhook_or_a_server_that_has_just_started_refuses_is_tried_again(
        [Values(ClusterFault.Refused, ClusterFault.Forbidden)] ClusterFault fault
    )
    {
        var refusals = fault == ClusterFault.Refused ? 5 : 1;
        cluster.Before = what =>
            what == "hold n1 c.7" && refusals-- > 0 ? throw new ClusterException(fault, "not now") : Task.CompletedTask;
        Assert.That((await DecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n1" }));
    }

    [Test]
    public async Task Nodes_that_Kubernetes_does_not_know_are_none_of_our_business()
    {
        var result = await DecommissionAsync(Job(7, "login", "n1"));
        Assert.That(result.Nodes, Is.EqualTo(new[] { "n1" }));
        Assert.That((await DecommissionAsync(Job(8, "login"))).Outcome, Is.EqualTo(HandOverOutcome.NothingToDo));
    }

    [Test]
    public async Task A_job_named_BEBIDA_NOOP_leaves_Kubernetes_alone()
    {
        await DecommissionAsync(Job(7, "n1") with { Name = "BEBIDA_NOOP_spark", User = "root" });
        await RecommissionAsync(Job(7, "n1") with { Name = "BEBIDA_NOOP_spark", User = "root" });
        Assert.That(cluster.Asked, Is.Empty);
    }

    [Test]
    public async Task A_job_that_asks_to_keep_its_nodes_and_may_not_is_handed_over()
    {
        await DecommissionAsync(Job(7, "n1") with { AsksToKeep = true });
        Assert.That(cluster.Held["n1"], Is.Not.Empty);
    }

    [Test]
    public async Task Nodes_that_are_to_be_removed_are_when_their_pods_have_left_and_the_job_gives_them_back_without_a_word()
    {
        await using var removing = new HandOvers(
            cluster,
            new BebidaConfiguration { Kubernetes = new KubernetesConfiguration { RemoveNode = true } },
            clock,
            NullLogger.Instance
        );
        cluster.Add(Pod("a", "n1"));
        cluster.KeptBy = node => node.Name == "n2" ? "it has been cordoned by kubectl-cordon" : null;
        var taken = await clock.RunAsync(removing.DecommissionAsync(Job(7, "n1", "n2"), Budget));
        Assert.That(taken.Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', taken.Problems));
        Assert.That(
            cluster.Asked.SkipWhile(a => !a.StartsWith("evict", StringComparison.Ordinal)).Skip(1),
            Is.EquivalentTo(new[] { "remove n1 c", "remove n2 c" })
        );
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n2" }));

        var given = await clock.RunAsync(removing.RecommissionAsync(Job(7, "n1", "n2"), Budget));
        Assert.That(given.Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_node_that_could_not_be_held_is_not_removed_with_its_pods()
    {
        await using var removing = new HandOvers(
            cluster,
            new BebidaConfiguration { Kubernetes = new KubernetesConfiguration { RemoveNode = true } },
            clock,
            NullLogger.Instance
        );
        cluster.Before = what =>
            what == "hold n1 c.7"
                ? throw new ClusterException(ClusterFault.Forbidden, "403 Forbidden: no patch for you")
                : Task.CompletedTask;
        var taken = await clock.RunAsync(removing.DecommissionAsync(Job(7, "n1", "n2"), Budget));
        Assert.That(taken.Problems, Is.EqualTo(new[] { new Problem("n1", "403 Forbidden: no patch for you") }));
        Assert.That(cluster.Asked, Has.None.StartsWith("remove n1").And.One.StartsWith("remove n2"));
    }

    [Test]
    public async Task A_node_whose_name_leads_to_another_when_it_is_to_be_removed_stays()
    {
        var configuration = new BebidaConfiguration
        {
            Kubernetes = new KubernetesConfiguration { RemoveNode = true },
            Nodes = new NodesConfiguration { Label = "slurm" },
        };
        cluster.Directory.Put(new ClusterNode("kube-a", "a", "s1"));
        await using var removing = new HandOvers(cluster, configuration, clock, NullLogger.Instance);
        cluster.Before = what =>
        {
            if (what == "list")
            {
                cluster.Directory.Put(new ClusterNode("kube-a", "a", null));
                cluster.Directory.Put(new ClusterNode("kube-b", "b", "s1"));
            }
            return Task.CompletedTask;
        };
        Assert.That((await clock.RunAsync(removing.DecommissionAsync(Job(7, "s1"), Budget))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Count("remove"), Is.Zero);
    }

    [Test]
    public async Task A_node_that_was_registered_anew_while_its_pods_left_is_not_removed_with_its_new_ones()
    {
        await using var removing = new HandOvers(
            cluster,
            new BebidaConfiguration { Kubernetes = new KubernetesConfiguration { RemoveNode = true } },
            clock,
            NullLogger.Instance
        );
        cluster.Before = what =>
        {
            if (what == "list")
                cluster.Directory.Put(new ClusterNode("n1", "new"));
            return Task.CompletedTask;
        };
        await clock.RunAsync(removing.DecommissionAsync(Job(7, "n1"), Budget));
        Assert.That(cluster.Directory.ByName("n1")?.Uid, Is.EqualTo("new"));
    }

    [Test]
    public async Task A_conflict_is_tried_again()
    {
        var conflicts = 3;
        cluster.Before = what =>
            what.StartsWith("hold", StringComparison.Ordinal) && conflicts-- > 0
                ? throw new ClusterException(ClusterFault.Conflict, "409")
                : Task.CompletedTask;
        Assert.That((await DecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
    }

    [Test]
    public async Task A_node_that_was_registered_anew_is_held_by_its_new_uid()
    {
        cluster.Before = what =>
        {
            if (cluster.Directory.ByName("n1")!.Uid == "new")
                return Task.CompletedTask;
            cluster.Directory.Put(new ClusterNode("n1", "new"));
            throw new ClusterException(ClusterFault.Conflict, "409 uid mismatch");
        };
        Assert.That((await DecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
    }

    [Test]
    public async Task A_node_that_is_gone_from_Kubernetes_keeps_no_job_waiting()
    {
        cluster.Before = what => what == "hold n1 c.7" ? throw new ClusterException(ClusterFault.NotFound, "404") : Task.CompletedTask;
        Assert.That((await DecommissionAsync(Job(7, "n1", "n2"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n2" }));
    }

    [Test]
    public async Task A_right_that_is_missing_fails_at_once_and_names_the_node()
    {
        cluster.Before = what =>
            what == "hold n1 c.7"
                ? throw new ClusterException(ClusterFault.Forbidden, "403 Forbidden: no patch for you")
                : Task.CompletedTask;
        var began = clock.GetUtcNow();
        var result = await DecommissionAsync(Job(7, "n1", "n2"));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(result.Problems, Is.EqualTo(new[] { new Problem("n1", "403 Forbidden: no patch for you") }));
        Assert.That(clock.GetUtcNow() - began, Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task A_job_waits_no_longer_than_its_budget_for_a_cluster_that_does_not_answer(
        [Values("never listed", "hangs", "fails")] string how
    )
    {
        if (how == "never listed")
            cluster.Listed = new TaskCompletionSource();
        else if (how == "hangs")
            cluster.Before = _ => new TaskCompletionSource().Task;
        else
            cluster.Before = _ => throw new ClusterException(ClusterFault.Unavailable, "connection refused");
        var began = clock.GetUtcNow();
        var result = await DecommissionAsync(Job(7, "n1"));
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(result.Problems, Is.Not.Empty);
        Assert.That(clock.GetUtcNow() - began, Is.EqualTo(Budget).Within(TimeSpan.FromMilliseconds(200)));
    }

    [Test]
    public async Task A_job_that_started_over_a_broken_Kubernetes_gets_its_holds_when_it_is_back()
    {
        var broken = true;
        cluster.Before = _ => broken ? throw new ClusterException(ClusterFault.Unavailable, "connection refused") : Task.CompletedTask;
        cluster.Add(Pod("a", "n1"));
        Assert.That((await DecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        broken = false;
        await clock.UntilAsync(() => cluster.Held.ContainsKey("n1") && cluster.Count("evict") == 1);
    }

    [Test]
    public async Task A_job_waits_only_for_a_probe_of_a_Kubernetes_that_has_been_away_for_longer_than_a_job_may_wait_and_gets_its_holds_all_the_same()
    {
        var back = new TaskCompletionSource();
        cluster.Before = _ => back.Task;
        cluster.AwayFor = TimeSpan.FromSeconds(29);
        var patient = handOvers.DecommissionAsync(Job(6, "n1"), Budget);
        cluster.AwayFor = TimeSpan.FromSeconds(30);
        var probe = handOvers.DecommissionAsync(Job(7, "n2"), Budget);
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.That((await probe).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(patient.IsCompleted, Is.False);

        back.SetResult();
        await patient;
        await handOvers.WhenIdleAsync();
        Assert.That(cluster.Held.Keys, Is.EquivalentTo(new[] { "n1", "n2" }));
        Assert.That(
            (await handOvers.DecommissionAsync(Job(8, "n3"), Budget)).Outcome,
            Is.EqualTo(HandOverOutcome.Done),
            "it is back, though nobody has noticed"
        );
    }

    [Test]
    public async Task A_job_whose_probe_finds_Kubernetes_back_waits_until_its_pods_have_left()
    {
        var pod = Pod("slow", "n1");
        cluster.Add(pod);
        cluster.OnEvict = _ => { };
        cluster.AwayFor = TimeSpan.FromMinutes(5);
        var taking = handOvers.DecommissionAsync(Job(7, "n1"), Budget);
        cluster.AwayFor = TimeSpan.Zero;
        clock.Advance(TimeSpan.FromSeconds(4));
        await Task.Delay(50);
        Assert.That(taking.IsCompleted, Is.False, "a pod is still there");
        cluster.Remove(pod);
        Assert.That((await clock.RunAsync(taking)).Outcome, Is.EqualTo(HandOverOutcome.Done));
    }

    [Test]
    public async Task A_node_given_back_during_an_outage_is_not_lost()
    {
        await DecommissionAsync(Job(7, "n1"));
        var broken = true;
        cluster.Before = _ => broken ? throw new ClusterException(ClusterFault.Unavailable, "connection refused") : Task.CompletedTask;
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        broken = false;
        await clock.UntilAsync(() => cluster.Held.Count == 0);
    }

    [Test]
    public async Task What_cannot_be_given_back_for_long_is_left_to_the_reconciler()
    {
        await DecommissionAsync(Job(7, "n1"));
        var broken = true;
        cluster.Before = _ => broken ? throw new ClusterException(ClusterFault.Unavailable, "connection refused") : Task.CompletedTask;
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(handOvers.IsUnderWay(Job(7).Hold), "it goes on for a while");
        await clock.UntilAsync(() => !handOvers.IsUnderWay(Job(7).Hold));
        broken = false;
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n1" }));
    }

    [Test]
    public async Task Jobs_that_end_before_Kubernetes_was_ever_there_are_left_to_the_reconciler_too()
    {
        cluster.Listed = new TaskCompletionSource();
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(handOvers.IsUnderWay(Job(7).Hold), "it goes on for a while");
        await clock.PassAsync(TimeSpan.FromMinutes(2));
        Assert.That(handOvers.IsUnderWay(Job(7).Hold), Is.False);
    }

    [Test]
    public async Task A_job_that_is_still_on_its_nodes_is_waited_for_as_long_as_it_takes()
    {
        var presence = new Presence();
        await using var patient = new HandOvers(cluster, new BebidaConfiguration(), clock, NullLogger.Instance, presence);
        await patient.DecommissionAsync(Job(7, "n1"), Budget);
        await clock.RunAsync(patient.RecommissionAsync(Job(7, "n1"), Budget));
        await clock.PassAsync(TimeSpan.FromMinutes(2));
        presence.HasLeft = true;
        await clock.UntilAsync(() => cluster.Held.Count == 0);
    }

    [Test]
    public async Task A_prolog_that_comes_after_its_jobs_epilog_has_the_reconciler_look_when_it_is_done()
    {
        var looks = new List<bool>();
        handOvers.InDoubt += () => looks.Add(cluster.Held.ContainsKey("n1"));
        await DecommissionAsync(Job(6, "n2"));
        await RecommissionAsync(Job(6, "n2"));
        await RecommissionAsync(Job(7, "n1"));
        Assert.That(looks, Is.Empty);
        await DecommissionAsync(Job(7, "n1"));
        Assert.That(looks, Is.EqualTo(new[] { true }));
    }

    [Test]
    public async Task Every_decommission_of_a_job_that_ends_gives_up_however_many_there_are()
    {
        cluster.Before = what =>
            what.StartsWith("hold", StringComparison.Ordinal)
                ? throw new ClusterException(ClusterFault.Unavailable, "connection refused")
                : Task.CompletedTask;
        var taking = new[] { handOvers.DecommissionAsync(Job(7, "n1"), Budget), handOvers.DecommissionAsync(Job(7, "n1"), Budget) };
        await clock.PassAsync(TimeSpan.FromSeconds(1));
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That((await Task.WhenAll(taking)).Select(taken => taken.Outcome), Has.All.EqualTo(HandOverOutcome.Superseded));
    }

    // Its failure says nothing of the job: no policy has to decide about it.
    [TestCase(ClusterFault.Unavailable)]
    [TestCase(ClusterFault.Refused)]
    public async Task A_job_that_ends_while_a_request_of_its_fails_is_superseded_and_has_not_failed(ClusterFault fault)
    {
        var writing = new TaskCompletionSource();
        cluster.Before = what => what.StartsWith("hold", StringComparison.Ordinal) ? writing.Task : Task.CompletedTask;
        var taking = handOvers.DecommissionAsync(Job(7, "n1"), Budget);
        await clock.UntilAsync(() => cluster.Count("hold") == 1);
        var giving = handOvers.RecommissionAsync(Job(7, "n1"), Budget);
        writing.SetException(new ClusterException(fault, "no"));
        Assert.That((await clock.RunAsync(taking)).Outcome, Is.EqualTo(HandOverOutcome.Superseded));
        await clock.RunAsync(giving);
    }

    [Test]
    public async Task A_job_cancelled_while_its_pods_leave_gives_its_nodes_back_at_once()
    {
        cluster.Add(Pod("a", "n1"));
        cluster.OnEvict = _ => { };
        var taking = handOvers.DecommissionAsync(Job(7, "n1"), Budget);
        await clock.UntilAsync(() => cluster.Count("evict") == 1);
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That((await clock.RunAsync(taking)).Outcome, Is.EqualTo(HandOverOutcome.Superseded));
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_hold_that_is_being_written_is_seen_to_its_end_before_the_same_job_releases_it()
    {
        var writing = new TaskCompletionSource();
        cluster.Before = what => what.StartsWith("hold", StringComparison.Ordinal) ? writing.Task : Task.CompletedTask;
        var taking = handOvers.DecommissionAsync(Job(7, "n1"), Budget);
        await clock.UntilAsync(() => cluster.Count("hold") == 1);
        var giving = handOvers.RecommissionAsync(Job(7, "n1"), Budget);
        await clock.PassAsync(TimeSpan.FromSeconds(1));
        Assert.That(cluster.Count("release"), Is.Zero);
        writing.SetResult();
        Assert.That((await clock.RunAsync(giving)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        await clock.RunAsync(taking);
        Assert.That(cluster.Held, Is.Empty);
    }

    [Test]
    public async Task A_requeued_job_that_has_its_node_again_never_releases_it()
    {
        await DecommissionAsync(Job(7, "n1"));
        var broken = true;
        cluster.Before = _ => broken ? throw new ClusterException(ClusterFault.Unavailable, "connection refused") : Task.CompletedTask;
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        // It starts over the outage, by policy.
        Assert.That((await DecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        var released = cluster.Count("release");
        broken = false;
        await clock.UntilAsync(() => !handOvers.IsUnderWay(Job(7).Hold));
        Assert.That((cluster.Count("release"), string.Join(',', cluster.Held["n1"])), Is.EqualTo((released, "c.7")));
    }

    [Test]
    public async Task A_requeued_job_holds_its_node_again()
    {
        var jobs = new[]
        {
            handOvers.DecommissionAsync(Job(7, "n1"), Budget),
            handOvers.RecommissionAsync(Job(7, "n1"), Budget),
            handOvers.DecommissionAsync(Job(7, "n1"), Budget),
        };
        await clock.RunAsync(Task.WhenAll(jobs));
        Assert.That(cluster.Held["n1"], Is.EqualTo(new[] { "c.7" }));
    }

    [Test]
    public async Task A_job_requeued_to_other_nodes_during_an_outage_leaves_no_hold_on_its_first_ones()
    {
        await DecommissionAsync(Job(7, "n1"));
        var broken = true;
        cluster.Before = _ => broken ? throw new ClusterException(ClusterFault.Unavailable, "connection refused") : Task.CompletedTask;
        Assert.That((await RecommissionAsync(Job(7, "n1"))).Outcome, Is.EqualTo(HandOverOutcome.Failed));
        var again = handOvers.DecommissionAsync(Job(7, "n2"), Budget);
        await clock.PassAsync(TimeSpan.FromSeconds(2));
        broken = false;
        Assert.That((await clock.RunAsync(again)).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That(cluster.Held.Keys, Is.EqualTo(new[] { "n2" }));
    }

    [TestCase(200)]
    [TestCase(3_000)]
    public async Task A_pod_that_is_bound_after_the_drain_is_evicted_though_the_job_runs(int milliseconds)
    {
        await DecommissionAsync(Job(7, "n1"));
        await clock.PassAsync(TimeSpan.FromMilliseconds(milliseconds));
        cluster.Add(Pod("late", "n1"));
        await clock.UntilAsync(() => cluster.Count("evict default/late") == 1);
    }

    [Test]
    public async Task A_pod_that_comes_to_a_node_that_was_given_back_is_welcome()
    {
        await DecommissionAsync(Job(7, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        cluster.Add(Pod("welcome", "n1"));
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Count("evict"), Is.Zero);
    }

    [Test]
    public async Task So_it_is_when_the_job_had_got_the_node_twice()
    {
        await DecommissionAsync(Job(7, "n1"));
        await DecommissionAsync(Job(7, "n1"));
        await clock.PassAsync(TimeSpan.FromSeconds(2));
        await RecommissionAsync(Job(7, "n1"));
        cluster.Add(Pod("welcome", "n1"));
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        Assert.That(cluster.Count("evict"), Is.Zero);
    }

    [Test]
    public async Task An_Event_on_the_node_says_which_job_took_it_and_which_gave_it_back()
    {
        await DecommissionAsync(Job(7, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        await handOvers.DisposeAsync();
        Assert.That(cluster.Events.Select(e => e.Reason), Is.EquivalentTo(new[] { NodeEvent.Decommissioned, NodeEvent.Recommissioned }));
        Assert.That(cluster.Events, Has.All.Property(nameof(NodeEvent.Message)).Contains("job 7 of alice in batch (c)"));
    }

    [Test]
    public async Task An_Event_says_when_the_hand_over_of_its_node_began_and_was_done()
    {
        cluster.Before = what =>
            what.StartsWith("hold", StringComparison.Ordinal) || what.StartsWith("release", StringComparison.Ordinal)
                ? Task.Delay(TimeSpan.FromSeconds(3), clock)
                : Task.CompletedTask;
        await DecommissionAsync(Job(7, "n1"));
        await RecommissionAsync(Job(7, "n1"));
        await handOvers.DisposeAsync();
        Assert.That(cluster.Events.Select(e => e.Job.ToString()), Is.EqualTo(new[] { "c.7", "c.7" }));
        Assert.That(
            cluster.Events.Select(e => e.Time - e.Began),
            Has.All.EqualTo(TimeSpan.FromSeconds(3)).Within(TimeSpan.FromMilliseconds(200))
        );
    }

    [Test]
    public async Task Stopping_ends_what_is_under_way()
    {
        cluster.Before = _ => new TaskCompletionSource().Task;
        var taking = handOvers.DecommissionAsync(Job(7, "n1"), Budget);
        await clock.UntilAsync(() => cluster.Count("hold") == 1);
        await handOvers.DisposeAsync();
        Assert.That((await taking).Outcome, Is.EqualTo(HandOverOutcome.Failed));
    }

    private sealed class Presence : IJobPresence
    {
        public bool HasLeft { get; set; }

        /// <summary>The nodes that it has left while it has not left all.</summary>
        public string[] Left { get; set; } = [];

        public int Asked { get; private set; }

        public Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken)
        {
            Asked++;
            return Task.FromResult<IReadOnlyCollection<string>>(HasLeft ? [] : [.. job.Nodes.Except(Left)]);
        }
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

    private static Job Job(uint id, params string[] nodes) => new("c", id, "sim", "alice", "batch", nodes);

    private Task<HandOverResult> DecommissionAsync(Job job) => clock.RunAsync(handOvers.DecommissionAsync(job, Budget));

    private Task<HandOverResult> RecommissionAsync(Job job) => clock.RunAsync(handOvers.RecommissionAsync(job, Budget));
}
