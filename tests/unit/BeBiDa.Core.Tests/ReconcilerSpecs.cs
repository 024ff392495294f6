using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;

namespace BeBiDa.Tests;

/// <summary>What is repaired, and what becomes of it that cannot be.</summary>
public class ReconcilerSpecs : ReconcilerTest
{
    [Test]
    public async Task Where_holds_and_jobs_agree_nothing_is_written()
    {
        Slurm.Runs(7, "n1", "n2");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 7);
        Cluster.Asked.Clear();
        var result = await RepairAsync();
        Assert.That((result.Succeeded, result.Outcomes.Count), Is.EqualTo((true, 0)));
        Assert.That(Cluster.Asked, Is.Empty);
        Assert.That((Ledger.Reads, Slurm.Questions), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task Holds_of_jobs_that_are_gone_are_released_and_those_of_jobs_that_are_not_stay()
    {
        Slurm.Runs(8, "n1");
        await HoldAsync("n1", 7);
        await HoldAsync("n1", 8);
        await HoldAsync("n2", 7);
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Release n1 7", "Release n2 7" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.8"));
    }

    [Test]
    public async Task A_job_whose_hold_is_lost_holds_its_node_again_and_the_nodes_pods_are_evicted()
    {
        Slurm.Runs(7, "n1", "n2");
        await HoldAsync("n2", 7);
        Cluster.Add(Pod("a", "n1"));
        Cluster.Add(Pod("b", "n2"));
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Hold n1 7" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7 n2:c.7"));
        Assert.That((Cluster.Count("evict default/a"), Cluster.Count("evict default/b")), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task The_Event_of_a_hold_that_was_lost_says_that_no_job_waited()
    {
        Slurm.Runs(7, "n1");
        await RepairAsync();
        await using (var handOvers = HandOvers(new()))
            await handOvers.DecommissionAsync(new Job("c", 8, "", "alice", "batch", ["n2"]), TimeSpan.FromSeconds(30));
        Assert.That(Cluster.Events.Select(e => (e.Job.JobId, e.Repair)), Is.EqualTo(new[] { (7u, true), (8u, false) }));
    }

    [Test]
    public async Task A_node_that_was_uncordoned_by_hand_is_held_again_for_every_job_on_it()
    {
        Slurm.Runs(7, "n1");
        Slurm.Runs(8, "n1");
        await HoldAsync("n1", 7);
        await HoldAsync("n1", 8);
        Ledger.Uncordon("n1");
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Hold n1 7", "Hold n1 8" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7,c.8"));
    }

    [Test]
    public async Task A_node_that_was_uncordoned_while_its_pods_left_for_a_job_is_looked_at_after_that()
    {
        Slurm.Runs(7, "n1");
        Cluster.Add(Pod("a", "n1"));
        Cluster.OnEvict = pod => Cluster.Terminate(pod, TimeSpan.FromSeconds(10));
        await using var handOvers = HandOvers(new());
        var (told, reconciler) = (0, Reconciler(handOvers, new()));
        handOvers.InDoubt += () => told++;
        var taking = handOvers.DecommissionAsync(new Job("c", 7, "", "alice", "batch", ["n1"]), Budget);
        await Time.UntilAsync(() => Cluster.Count("evict") == 1);
        Ledger.Uncordon("n1");
        Assert.That(Told(await reconciler.RepairAsync(Budget, default)), Is.Empty);
        Assert.That(told, Is.Zero);
        await Time.RunAsync(taking);
        Assert.That(told, Is.EqualTo(1));
        Assert.That(Told(await Time.RunAsync(reconciler.RepairAsync(Budget, default))), Is.EqualTo(new[] { "Hold n1 7" }));
    }

    [Test]
    public async Task A_node_that_was_registered_anew_during_a_job_is_held_again()
    {
        Slurm.Runs(7, "n1", "n2");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 7);
        Cluster.Held.Remove("n1");
        Cluster.Directory.Put(new ClusterNode("n1", "new"));
        await RepairAsync();
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7 n2:c.7"));
    }

    [Test]
    public async Task A_hold_on_a_node_that_its_job_has_left_for_others_is_released()
    {
        Slurm.Runs(7, "n2");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 7);
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Release n1 7" }));
    }

    [Test]
    public async Task A_node_that_an_ending_job_has_left_is_released_and_one_where_it_still_is_is_held()
    {
        Slurm.Runs(7, leaving: true, "n2", "n3");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 7);
        Assert.That(Told(await RepairAsync()), Is.EquivalentTo(new[] { "Release n1 7", "Hold n3 7" }));
        Assert.That(Ledger.State, Is.EqualTo("n2:c.7 n3:c.7"));
    }

    [Test]
    public async Task A_node_that_one_job_has_taken_over_from_another_is_held_by_the_one_before_the_other_releases_it()
    {
        Slurm.Runs(7, "n1", "n2");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 8);
        Cluster.Before = what =>
            what == "release n2 c.8" && !Cluster.Held["n2"].Contains("c.7")
                ? throw new InvalidOperationException("released first")
                : Task.CompletedTask;
        Assert.That(Told(await RepairAsync()), Is.EquivalentTo(new[] { "Hold n2 7", "Release n2 8" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7 n2:c.7"));
    }

    [Test]
    public async Task Slurms_capitals_hide_no_hold()
    {
        var configuration = new BebidaConfiguration { Nodes = new NodesConfiguration { Include = ["N*"] } };
        Slurm.Runs(7, "N1");
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 8);
        Assert.That(Told(await RepairAsync(configuration)), Is.EqualTo(new[] { "Release n2 8" }));
    }

    [Test]
    public async Task Holds_of_an_ending_job_that_was_shrunk_to_no_node_are_left_to_its_epilog()
    {
        Slurm.Runs(7, leaving: true);
        await HoldAsync("n1", 7);
        Assert.That(Told(await RepairAsync()), Is.Empty);
    }

    [Test]
    public async Task Holds_of_other_clusters_and_nodes_that_are_not_lent_are_not_touched()
    {
        var configuration = new BebidaConfiguration { Nodes = new NodesConfiguration { Exclude = ["n3"] } };
        Slurm.Runs(8, "n3");
        await HoldAsync("n1", 7, "other");
        await HoldAsync("n3", 7);
        Cluster.Asked.Clear();
        Assert.That(Told(await RepairAsync(configuration)), Is.Empty);
        Assert.That(Cluster.Asked, Is.Empty);
    }

    [Test]
    public async Task A_job_in_a_partition_that_takes_no_nodes_does_not_get_any()
    {
        Slurm.Runs(7, "n1");
        Assert.That(Told(await RepairAsync(new BebidaConfiguration { Jobs = new JobsConfiguration { Partitions = ["other"] } })), Is.Empty);
        Assert.That(Cluster.Asked, Is.Empty);
    }

    [Test]
    public async Task A_job_that_may_keep_its_nodes_by_its_account_is_left_alone_too()
    {
        Slurm.RunsFor("physics", 7, "n1");
        Slurm.RunsFor("chemistry", 8, "n2");
        var jobs = new JobsConfiguration
        {
            MayKeep = new MayKeepConfiguration { Users = [], Accounts = ["physics"] },
        };
        Assert.That(Told(await RepairAsync(new BebidaConfiguration { Jobs = jobs })), Is.EqualTo(new[] { "LeaveAlone n1 7", "Hold n2 8" }));
    }

    [Test]
    public async Task A_job_that_may_keep_its_nodes_and_holds_none_is_left_alone_and_one_hold_shows_that_it_was_not_to_keep_them()
    {
        Slurm.RunsOf("root", 7, "n1", "n2");
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "LeaveAlone n1 7", "LeaveAlone n2 7" }));
        Assert.That(Cluster.Asked, Is.Empty);

        await HoldAsync("n1", 7);
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Hold n2 7" }));
        Ledger.Uncordon("n1");
        Assert.That(Told(await RepairAsync()), Is.EqualTo(new[] { "Hold n1 7" }));
    }

    [Test]
    public async Task Nodes_are_found_by_Slurms_names()
    {
        var configuration = new BebidaConfiguration
        {
            Nodes = new NodesConfiguration
            {
                Map = new Dictionary<string, string> { ["s1"] = "n1", ["s2"] = "n2" },
            },
        };
        Slurm.Runs(7, "s1", "login");
        await HoldAsync("n2", 7);
        Assert.That(Told(await RepairAsync(configuration)), Is.EqualTo(new[] { "Hold s1 7", "Release s2 7" }));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7"));
    }

    [Test]
    public async Task A_plan_changes_nothing()
    {
        Slurm.Runs(8, "n2");
        await HoldAsync("n1", 7);
        Cluster.Asked.Clear();
        await using var handOvers = HandOvers(new());
        var plan = await Reconciler(handOvers, new()).PlanAsync(default);
        Assert.That(plan.Select(Told), Is.EqualTo(new[] { "Release n1 7", "Hold n2 8" }));
        Assert.That(Cluster.Asked, Is.Empty);
    }

    [Test]
    public async Task Nothing_is_released_when_Slurm_does_not_tell_its_jobs([Values(1, 2)] int question)
    {
        await HoldAsync("n1", 7);
        Slurm.Before = n =>
            n == question ? throw new JobsUnknownException("squeue: Unable to contact slurm controller") : Task.CompletedTask;
        var result = await RepairAsync();
        Assert.That((result.Succeeded, result.Problem), Is.EqualTo((false, "squeue: Unable to contact slurm controller")));
        Assert.That(Ledger.State, Is.EqualTo("n1:c.7"));
    }

    [Test]
    public async Task What_was_done_is_told_though_it_cannot_look_again()
    {
        await HoldAsync("n1", 7);
        Slurm.Before = n => n == 3 ? throw new JobsUnknownException("squeue: down") : Task.CompletedTask;
        var result = await RepairAsync();
        Assert.That((Told(result).Single(), result.Problem, result.Succeeded), Is.EqualTo(("Release n1 7", "squeue: down", false)));
    }

    [Test]
    public async Task A_release_that_failed_is_tried_again_for_as_long_as_Slurm_says_that_the_job_is_gone()
    {
        await HoldAsync("n1", 7);
        await HoldAsync("n2", 8);
        Cluster.Before = what =>
        {
            if (what == "release n1 c.7" && Cluster.Count(what) < 3)
                throw new ClusterException(ClusterFault.Conflict, "409");
            if (what == "release n2 c.8")
            {
                Slurm.Runs(8, "n2");
                throw new ClusterException(ClusterFault.Conflict, "409");
            }
            return Task.CompletedTask;
        };
        var result = await RepairAsync();
        Assert.That((Told(result).Single(), result.Succeeded, Ledger.State), Is.EqualTo(("Release n1 7", true, "n2:c.8")));
    }

    [Test]
    public async Task What_Kubernetes_forbids_is_told_and_not_tried_for_ever()
    {
        Slurm.Runs(8, "n2");
        await HoldAsync("n1", 7);
        await HoldAsync("n3", 7);
        Cluster.Before = what =>
            what is "release n1 c.7" or "hold n2 c.8"
                ? throw new ClusterException(ClusterFault.Forbidden, "403 Forbidden")
                : Task.CompletedTask;
        var result = await RepairAsync();
        Assert.That(result.Succeeded, Is.False);
        Assert.That(
            result.Outcomes.Select(o => o.Problem),
            Is.EquivalentTo(new[] { "node n1: cannot release it from job 7: 403 Forbidden", "node n2: 403 Forbidden", null })
        );
        Assert.That((Cluster.Count("release n1"), Cluster.Count("hold n2"), Ledger.State), Is.EqualTo((1, 2, "n1:c.7")));
    }

    [Test]
    public async Task Who_undoes_every_repair_is_not_fought_for_ever()
    {
        Slurm.Runs(7, "n1", "n2");
        await HoldAsync("n2", 7);
        Ledger.Before = _ =>
        {
            Cluster.Held.Remove("n1");
            return Task.CompletedTask;
        };
        var result = await RepairAsync();
        Assert.That(result.Succeeded, Is.False);
        Assert.That(result.Outcomes.Select(o => o.Problem), Has.One.EqualTo("timed out after 30s"));
    }
}
