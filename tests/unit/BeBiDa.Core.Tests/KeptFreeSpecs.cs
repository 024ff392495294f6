using BeBiDa.Configuration;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Which idle nodes stay with Slurm.</summary>
public sealed class KeptFreeSpecs
{
    private FakeTimeProvider clock = null!;
    private KeptFree kept = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        kept = New(new() { ["n*"] = 2 });
    }

    [Test]
    public void So_many_idle_nodes_are_chosen_and_stay_chosen()
    {
        Assert.That(Choose("n1 n2 n3"), Is.EqualTo("n1 n2"));
        clock.Advance(TimeSpan.FromMinutes(5));
        Assert.That(Choose("n0 n1 n2 n3"), Is.EqualTo("n1 n2"));
    }

    [Test]
    public void A_short_job_on_a_chosen_node_changes_nothing_and_a_long_one_has_it_replaced()
    {
        Choose("n1 n2 n3");
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.That(Choose("n2 n3"), Is.EqualTo("n1 n2"));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.That(Choose("n1 n2 n3"), Is.EqualTo("n1 n2"));
        clock.Advance(TimeSpan.FromSeconds(61));
        Assert.That(Choose("n2 n3"), Is.EqualTo("n2 n3"));
        Assert.That(Choose("n1 n2 n3"), Is.EqualTo("n2 n3"), "it does not go back");
    }

    [Test]
    public void The_node_that_has_been_idle_for_the_shortest_time_is_chosen()
    {
        Choose("n1 n2 n3");
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That(Choose("n2 n3 n9"), Is.EqualTo("n2 n9"));
    }

    [TestCase(NodeConditions.None)]
    [TestCase(NodeConditions.Idle | NodeConditions.Planned)]
    [TestCase(NodeConditions.Idle | NodeConditions.Maintenance)]
    [TestCase(NodeConditions.Idle | NodeConditions.Drain)]
    [TestCase(NodeConditions.Idle | NodeConditions.Down)]
    [TestCase(NodeConditions.Idle | NodeConditions.Power)]
    public void A_node_that_no_job_could_have_at_once_is_not_chosen(NodeConditions conditions) =>
        Assert.That(
            kept.Choose(
                new SlurmConditions("c", [new SlurmNode("n1", conditions, ""), new SlurmNode("n2", NodeConditions.Idle, "")], []),
                []
            ),
            Is.EqualTo(new[] { "n2" })
        );

    // Backfill takes PLANNED off all nodes while it plans anew.
    [Test]
    public void A_node_that_was_planned_a_moment_ago_is_not_chosen_and_a_chosen_one_stays_so_for_a_while()
    {
        SlurmNode Node(string name, bool isPlanned) =>
            new(name, NodeConditions.Idle | (isPlanned ? NodeConditions.Planned : NodeConditions.None), "");
        IEnumerable<string> At(bool isPlanned) =>
            kept.Choose(new SlurmConditions("c", [Node("n1", false), Node("n2", isPlanned), Node("n3", isPlanned)], []), []).Order();

        Assert.That(At(isPlanned: true), Is.EqualTo(new[] { "n1" }));
        Assert.That(At(isPlanned: false), Is.EqualTo(new[] { "n1" }));
        clock.Advance(TimeSpan.FromSeconds(61));
        Assert.That(At(isPlanned: false), Is.EqualTo(new[] { "n1", "n2" }));
        // A plan that comes to nothing changes nothing, and one that stays has the node replaced.
        Assert.That(At(isPlanned: true), Is.EqualTo(new[] { "n1", "n2" }));
        clock.Advance(TimeSpan.FromSeconds(50));
        Assert.That(At(isPlanned: false), Is.EqualTo(new[] { "n1", "n2" }));
        clock.Advance(TimeSpan.FromSeconds(50));
        Assert.That(At(isPlanned: true), Is.EqualTo(new[] { "n1", "n2" }));
        clock.Advance(TimeSpan.FromSeconds(50));
        Assert.That(At(isPlanned: true), Is.EqualTo(new[] { "n1" }));
    }

    [Test]
    public void A_node_in_a_reservation_that_has_begun_is_not_chosen()
    {
        var now = clock.GetUtcNow();
        Assert.That(
            kept.Choose(
                new SlurmConditions("c", [.. new[] { "n1", "n2", "n3" }.Select(n => new SlurmNode(n, NodeConditions.Idle, ""))], [])
                {
                    Reservations =
                    [
                        new Reservation("lecture", now.AddHours(-1), now.AddHours(1), ["n1"]),
                        new Reservation("later", now.AddHours(1), now.AddHours(2), ["n2"]),
                    ],
                },
                []
            ),
            Is.EquivalentTo(new[] { "n2", "n3" })
        );
    }

    [Test]
    public void A_chosen_node_that_no_job_could_have_is_replaced_at_once()
    {
        Choose("n1 n2 n3");
        Assert.That(
            kept.Choose(
                new SlurmConditions(
                    "c",
                    [
                        new SlurmNode("n1", NodeConditions.Idle | NodeConditions.Drain, ""),
                        new SlurmNode("n3", NodeConditions.Idle, ""),
                        new SlurmNode("n4", NodeConditions.Idle, ""),
                    ],
                    []
                ),
                []
            ),
            Is.EquivalentTo(new[] { "n3", "n4" })
        );
    }

    [Test]
    public void What_an_earlier_slurmctld_had_chosen_is_preferred_and_no_more_than_needed()
    {
        Assert.That(Choose("n1 n2 n3 n4", "n4"), Is.EqualTo("n1 n4"));
        kept = New(new() { ["n*"] = 2 });
        Assert.That(Choose("n1 n2 n3 n4", "n2", "n3", "n4"), Is.EqualTo("n2 n3"));
        Assert.That(Choose("n1 n2 n3 n4", "n2", "n3", "n4"), Is.EqualTo("n2 n3"));
    }

    [Test]
    public void Each_set_of_nodes_has_its_own_number_and_a_node_counts_for_all_its_sets()
    {
        kept = New(new() { ["gpu*"] = 1, ["gpu1,n1,n2"] = 2 }, exclude: "n1");
        Assert.That(Choose("gpu1 gpu2 n1 n2 n3"), Is.EqualTo("gpu1 n2"));
    }

    private KeptFree New(Dictionary<string, int> sets, params string[] exclude) =>
        new(
            new BebidaConfiguration
            {
                Nodes = new NodesConfiguration { KeepFree = sets, Exclude = exclude },
            },
            clock
        );

    // All other nodes have jobs.
    private string Choose(string idle, params string[] before) =>
        string.Join(
            ' ',
            kept.Choose(
                    new SlurmConditions(
                        "c",
                        [
                            .. new[] { "gpu1", "gpu2", "n0", "n1", "n2", "n3", "n4", "n9" }.Select(n => new SlurmNode(
                                n,
                                idle.Split(' ').Contains(n) ? NodeConditions.Idle : NodeConditions.None,
                                ""
                            )),
                        ],
                        []
                    ),
                    before
                )
                .Order(StringComparer.Ordinal)
        );
}
