using BeBiDa.Harvest.Daemons;

namespace BeBiDa.Bench.Tests;

public class DaemonsSpecs
{
    private const int Slots = 2;

    private static readonly NodeLook s_lent = new(SlurmState.Idle, Lent: true, Pods: 1);
    private static readonly NodeLook s_withheld = new(SlurmState.Idle, Lent: false, Pods: 0);
    private static readonly NodeLook s_job = new(SlurmState.Job, Lent: false, Pods: 0);
    private static readonly NodeLook s_down = new(SlurmState.Out, Lent: true, Pods: 0);

    [TestCase("idle", SlurmState.Idle)]
    [TestCase("idle+planned", SlurmState.Idle)]
    [TestCase("IDLE+CLOUD+PLANNED", SlurmState.Idle)]
    [TestCase("planned", SlurmState.Idle)]
    [TestCase("allocated", SlurmState.Job)]
    [TestCase("mixed+completing", SlurmState.Job)]
    [TestCase("idle+completing", SlurmState.Job)]
    [TestCase("allocated+drain", SlurmState.Job)]
    [TestCase("idle+drain", SlurmState.Out)]
    [TestCase("idle+maintenance", SlurmState.Out)]
    [TestCase("idle+powered_down", SlurmState.Out)]
    [TestCase("idle+cloud+powering_up", SlurmState.Out)]
    [TestCase("idle+not_responding", SlurmState.Out)]
    [TestCase("down+not_responding", SlurmState.Out)]
    public void Of_all_states_that_sinfo_knows_only_idle_and_planned_are_idle(string state, object expected) =>
        Assert.That(Sinfo.StateOf(state), Is.EqualTo(expected));

    [Test]
    public void Every_node_has_a_state_at_each_moment_of_a_run()
    {
        var looks = new[]
        {
            Looked(-0.4, s_lent, s_job),
            Looked(0.7, s_job, s_job),
            Looked(3.1, s_lent, s_down),
            Looked(4.2, s_lent, s_lent),
        };
        var stretches = Stretch.Of(looks, Seconds(4));
        Assert.That(stretches.Sum(s => s.Time.TotalSeconds), Is.EqualTo(8).Within(1e-6));
        Assert.That(
            Stretch.Owners(stretches).Where(s => s.Node == "n1").Select(s => (s.Owner, s.To.TotalSeconds)),
            Is.EqualTo(new[] { (Owner.Pods, 0.15), (Owner.Job, 1.9), (Owner.Pods, 4) })
        );
    }

    [Test]
    public void What_was_lent_is_a_share_of_what_was_idle_and_nothing_else()
    {
        var looks = new[] { Looked(1, s_lent, s_job), Looked(3, s_withheld, s_down) };
        var figures = Measures.Of(Stretch.Of(looks, Seconds(4)), [], [], 2, Slots, Seconds(4), 12);
        Assert.That((figures.Idle, figures.Harvested, figures.NodeTime), Is.EqualTo((Seconds(4), 0.5, Seconds(8))));
        Assert.That((figures.PodTime, figures.Requests), Is.EqualTo((0.0, 12L)));
    }

    [Test]
    public void Pods_that_fill_every_slot_of_idle_nodes_and_end_their_work_are_all_that_a_harvest_can_be()
    {
        var pods = new[] { Pod(-3, 2, PodEnd.Done), Pod(2, 4, PodEnd.Done), Pod(-1, null, PodEnd.Stays) };
        var figures = Measures.Of(Stretch.Of([Looked(2, s_lent)], Seconds(4)), pods, [], 1, Slots, Seconds(4), null);
        Assert.That((figures.Harvested, figures.PodTime, figures.Useful, figures.PodsEnded), Is.EqualTo((1.0, 1.0, 1.0, 0)));
    }

    [Test]
    public void Pods_that_stay_on_a_jobs_node_add_nothing_to_what_idle_nodes_gave()
    {
        var pods = new[] { Pod(-1, 4, PodEnd.Done), Pod(-1, 4, PodEnd.Done) };
        var stretches = Stretch.Of([Looked(1, s_lent), Looked(3, s_job)], Seconds(4));
        Assert.That(Measures.Of(stretches, pods, [], 1, Slots, Seconds(4), null).PodTime, Is.EqualTo(1));
    }

    [Test]
    public void A_pod_that_is_cut_loses_the_step_that_it_was_in_and_the_time_that_it_took_to_end()
    {
        var cut = Pod(0, 3, PodEnd.Cut) with { Told = Seconds(2.7) };
        Assert.That(cut.KeptBy(cut.Told!.Value), Is.EqualTo(Seconds(2)));
        var figures = Measures.Of(Stretch.Of([Looked(2, s_lent)], Seconds(4)), [cut], [], 1, Slots, Seconds(4), null);
        Assert.That((figures.Useful, figures.PodsEnded), Is.EqualTo((2.0 / 3, 1)));
    }

    [Test]
    public void No_pod_that_is_cut_has_kept_its_last_step() =>
        Assert.That(Pod(0, 30, PodEnd.Cut).KeptBy(Seconds(30)), Is.EqualTo(Seconds(9)));

    [Test]
    public void What_was_cut_after_the_run_does_not_count()
    {
        var cut = Pod(0, 5, PodEnd.Cut) with { Told = Seconds(4.5) };
        var figures = Measures.Of(Stretch.Of([Looked(2, s_lent)], Seconds(4.4)), [cut], [], 1, Slots, Seconds(4.4), null);
        Assert.That((figures.Useful, figures.PodsEnded), Is.EqualTo((1.0, 0)));
    }

    [Test]
    public void Pods_and_schedulable_nodes_beside_a_jobs_command_are_found_and_those_around_it_are_not()
    {
        var job = new JobLife(1, 7, Seconds(0), Seconds(0), Seconds(2), Seconds(8), ["n1"], 1, "COMPLETED");
        var pods = new[]
        {
            Pod(0, 2.5, PodEnd.Cut),
            Pod(7, 9, PodEnd.Done),
            Pod(8, 9, PodEnd.Done),
            Pod(3, 5, PodEnd.Done) with
            {
                Node = "n2",
            },
        };
        var looks = new[] { Looked(1, s_lent), Looked(3, s_job), Looked(4, s_job with { Lent = true }), Looked(9, s_lent) };
        Assert.That(Measures.Beside(looks, pods, [job]), Is.EqualTo(new Beside(Seconds(1.5), 2, 1)));
    }

    [Test]
    public void A_pod_takes_the_first_slot_that_is_free()
    {
        var pods = PodLife.InSlots([Pod(0, 5, PodEnd.Done), Pod(1, 2, PodEnd.Cut), Pod(3, null, PodEnd.Stays), Pod(6, 7, PodEnd.Done)]);
        Assert.That(pods.Select(pod => pod.Slot), Is.EqualTo(new[] { 0, 1, 1, 0 }));
    }

    [Test]
    public void A_jobs_wait_is_from_its_first_allocation_in_slurmctlds_log_to_its_first_command()
    {
        var log = new SlurmctldLog(
            """
            [2026-11-29T13:14:15.250] sched: Allocate JobId=7 NodeList=n[1-2] #CPUs=8 Partition=exclusive
            [2026-11-29T13:14:16.000] sched/backfill: _start_job: Started JobId=8 in exclusive on n3
            [2026-11-29T13:14:18.500] _job_complete: JobId=7 WEXITSTATUS 0
            [2026-11-29T13:14:18.501] _job_complete: JobId=7 done
            [2026-11-29T13:16:16.000] sched: Allocate JobId=8 NodeList=n3 #CPUs=4 Partition=exclusive
            """
        );
        var local = new DateTimeOffset(new DateTime(2026, 11, 29, 13, 14, 15, 250, DateTimeKind.Local));
        Assert.That((log.Allocations(7).Single(), log.End(7)), Is.EqualTo((local, local.AddMilliseconds(3251))));
        Assert.That(
            (log.Allocations(8)[0], log.Allocations(8).Count, log.End(8)),
            Is.EqualTo((local.AddMilliseconds(750), 2, (DateTimeOffset?)null))
        );
        var job = new JobLife(1, 7, default, Seconds(1), Seconds(1.5), Seconds(3), ["n1"], 1, "COMPLETED");
        var never = job with { Allocated = null, Began = null };
        Assert.That(Measures.Of([], [], [job, never], 1, Slots, Seconds(3), null).Waits, Is.EqualTo(new[] { Seconds(0.5) }));
    }

    [Test]
    public void Pods_lengths_lie_around_their_median()
    {
        var random = new Random(1);
        var lengths = Enumerable.Range(0, 10_001).Select(_ => PodQueue.Draw(random, Seconds(10)).TotalSeconds).Order().ToList();
        Assert.That(lengths[5000], Is.EqualTo(10).Within(0.5));
        Assert.That(lengths.Average(), Is.EqualTo(10 * Math.Sqrt(Math.E)).Within(0.7));
    }

    private static Look Looked(double at, params NodeLook[] nodes) =>
        new(Seconds(at), Seconds(at), nodes.Index().ToDictionary(node => $"n{node.Index + 1}", node => node.Item));

    // Of ten steps of a second.
    private static PodLife Pod(double started, double? ended, PodEnd end) =>
        new("w", "n1", 0, Seconds(started), Seconds(started), null, ended is { } at ? Seconds(at) : null, end, Seconds(10), Seconds(1));

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
