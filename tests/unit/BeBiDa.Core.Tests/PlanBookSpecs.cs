using BeBiDa.Planning;

namespace BeBiDa.Tests;

/// <summary>Which of Slurm's plans are believed. Backfill plans every 30 s here, and nodes are held 2 min before.</summary>
public sealed class PlanBookSpecs
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private PlanBook book = null!;
    private HashSet<string> idle = [];
    private int now;

    [SetUp]
    public void SetUp()
    {
        book = new PlanBook(TimeSpan.FromMinutes(2));
        idle = ["n1", "n2"];
        now = 0;
    }

    [Test]
    public void A_node_that_is_not_idle_is_not_held_and_one_that_is_held_stays_so()
    {
        Look(0, (7, 100, "n1"));
        Look(30, (7, 100, "n1"));
        idle = [];
        Assert.That((Due, book.IsHolding), Is.EqualTo(("", false)));
        idle = ["n1"];
        Assert.That((Due, book.IsHolding), Is.EqualTo(("n1:7@100", true)));
        idle = [];
        Assert.That(Due, Is.EqualTo("n1:7@100"));
    }

    [Test]
    public void A_node_whose_plan_is_overdue_is_given_up_though_nothing_can_be_read()
    {
        Agree();
        now = 400;
        Assert.That(Due, Is.EqualTo("n1:7@100"));
        now = 401;
        Assert.That(Due, Is.Empty);
    }

    [Test]
    public void A_plan_counts_when_two_looks_agree_that_are_one_interval_apart()
    {
        Look(0, (7, 100, "n1"));
        Look(29, (7, 100, "n1"));
        Assert.That(Due, Is.Empty);
        Look(30, (7, 129, "n1"));
        Assert.That(Due, Is.EqualTo("n1:7@100"));
    }

    [TestCase(131, "n1", "")]
    [TestCase(100, "n2", "")]
    [TestCase(70, "n1", "n1:7@100")]
    public void Two_looks_agree_on_the_node_and_the_start(int start, string node, string due)
    {
        Look(0, (7, 100, "n1"));
        Look(30, (7, start, node));
        Assert.That(Due, Is.EqualTo(due));
    }

    [Test]
    public void A_node_is_held_when_its_job_is_to_start_within_the_lead()
    {
        Look(0, (7, 200, "n1"), (8, 100, "n2"));
        Look(30, (7, 200, "n1"), (8, 100, "n2"));
        Assert.That(Due, Is.EqualTo("n2:8@100"));
        now = 80;
        Assert.That(Due, Is.EqualTo("n1:7@200 n2:8@100"));
    }

    [Test]
    public void Of_two_jobs_on_a_node_the_first_counts()
    {
        Look(0, (7, 90, "n1"), (8, 80, "n1"));
        Look(30, (8, 80, "n1"), (7, 90, "n1"));
        Assert.That(Due, Is.EqualTo("n1:8@80"));
    }

    // Those before it are likely to end long before their time limits.
    [Test]
    public void A_node_is_held_before_its_job_is_expected_and_given_up_once_that_is_overdue()
    {
        Expect(0, 9000, expected: 200);
        Expect(30, 9000, expected: 210);
        foreach (var (at, expected) in new[] { (90, 210), (120, 250) })
        {
            Expect(at, 9000, expected);
            var held = book.Due(Begin.AddSeconds(now), idle)["n1"];
            Assert.That(
                (held.Expected, held.Until),
                Is.EqualTo((Begin.AddSeconds(210), Begin.AddSeconds(510))),
                "the ledger is left alone"
            );
        }
        Assert.That(Expect(510, 9000, expected: 600), Is.Empty);
        Assert.That(Expect(540, 9000, expected: 600), Is.EqualTo(new[] { 450 }));
        Assert.That(Due, Is.Empty);
    }

    // Nothing was read while no node was planned.
    [Test]
    public void A_node_does_not_begin_to_be_held_for_a_job_that_is_long_overdue()
    {
        Look(0, (7, 500, "n1"));
        Look(30, (7, 500, "n1"));
        now = 801;
        Assert.That(Due, Is.Empty);
    }

    // Backfill has wiped its plans, and is about to plan anew.
    [Test]
    public void One_look_without_the_plan_does_not_end_it_and_two_do()
    {
        Agree();
        Look(60, (7, null, "n1"));
        Assert.That(Due, Is.EqualTo("n1:7@100"));
        Look(90, (7, 100, "n1"));
        Look(120, (7, null, "n1"));
        Assert.That(Due, Is.EqualTo("n1:7@100"));
        Assert.That(Look(150, (7, null, "n1")), Is.EqualTo(new[] { 120 }));
        Assert.That(Due, Is.Empty);
    }

    [Test]
    public void A_plan_whose_job_is_no_longer_pending_ends_at_once()
    {
        Agree();
        Assert.That(Look(60), Is.EqualTo(new[] { 30 }));
        Assert.That((Due, book.IsHolding), Is.EqualTo(("", false)));
    }

    [Test]
    public void A_job_that_is_to_start_hours_later_gives_its_node_up_at_once()
    {
        Agree();
        Assert.That(Look(60, (7, 9000, "n1")), Is.EqualTo(new[] { 30 }));
        Assert.That(Due, Is.Empty);
    }

    [Test]
    public void A_start_that_moves_within_the_lead_keeps_the_node()
    {
        Agree();
        Assert.That(Look(60, (8, 170, "n1")), Is.Empty);
        Assert.That(Due, Is.EqualTo("n1:8@170"));
    }

    // Five minutes after it was to come first.
    [Test]
    public void A_start_that_slips_again_and_again_gives_its_node_up()
    {
        Agree();
        for (var at = 60; at <= 390; at += 30)
            Assert.That(Look(at, (7, at + 70, "n1")), Is.Empty, $"{at}");
        Assert.That(Look(420, (7, 490, "n1")), Is.EqualTo(new[] { 390 }));
    }

    [Test]
    public void A_node_that_was_held_in_vain_must_be_planned_for_twice_as_long()
    {
        Agree();
        Look(60);
        foreach (var (at, due) in new[] { (70, ""), (100, ""), (129, ""), (130, "n1:9@140") })
        {
            Look(at, (9, 140, "n1"));
            Assert.That(Due, Is.EqualTo(due), $"{at}");
        }
    }

    [Test]
    public void A_job_that_comes_makes_the_next_plan_as_good_as_the_first()
    {
        Agree();
        Assert.That(Started(40, [7], "n1", "n2"), Is.EqualTo(new[] { 10 }));
        Assert.That(book.IsHolding, Is.False);
        Look(60, (9, 200, "n1"));
        Look(90, (9, 200, "n1"));
        Assert.That(Due, Is.EqualTo("n1:9@200"));
    }

    [Test]
    public void A_task_of_an_array_is_what_was_planned_for_the_array_and_another_job_is_not()
    {
        Agree();
        Assert.That(Started(40, [8], "n1"), Is.Empty);
        Assert.That(Due, Is.EqualTo("n1:7@100"));
        Assert.That(Started(50, [12, 7], "n1"), Is.EqualTo(new[] { 20 }));
    }

    // Held from 30 on.
    private void Agree()
    {
        Look(0, (7, 100, "n1"));
        Look(30, (7, 100, "n1"));
        Assert.That(Due, Is.EqualTo("n1:7@100"));
    }

    private string Due =>
        string.Join(
            ' ',
            book.Due(Begin.AddSeconds(now), idle)
                .OrderBy(d => d.Key)
                .Select(d => $"{d.Key}:{d.Value.Job}@{(d.Value.Start - Begin).TotalSeconds}")
        );

    private int[] Look(int at, params (uint Job, int? Start, string Node)[] jobs)
    {
        now = at;
        return Seconds(
            book.Learn(
                new Schedule(
                    [
                        .. jobs.Select(j => new PendingJob(j.Job)
                        {
                            Start = j.Start is { } start ? Begin.AddSeconds(start) : null,
                            Nodes = j.Start is null ? [] : [j.Node],
                        }),
                    ],
                    TimeSpan.FromSeconds(30)
                ),
                Begin.AddSeconds(at)
            )
        );
    }

    private int[] Expect(int at, int start, int expected)
    {
        now = at;
        var job = new PendingJob(7)
        {
            Start = Begin.AddSeconds(start),
            Expected = Begin.AddSeconds(expected),
            Nodes = ["n1"],
        };
        return Seconds(book.Learn(new Schedule([job], TimeSpan.FromSeconds(30)), Begin.AddSeconds(at)));
    }

    private int[] Started(int at, uint[] job, params string[] nodes) => Seconds(book.Started(job, nodes, Begin.AddSeconds(at)));

    private static int[] Seconds(IEnumerable<TimeSpan> held) => [.. held.Select(h => (int)h.TotalSeconds)];
}
