using BeBiDa.Configuration;
using BeBiDa.Forecasting;

namespace BeBiDa.Tests;

public sealed class HarvestSpecs
{
    private static readonly LendingModel Alike = new()
    {
        PodLength = TimeSpan.FromSeconds(10),
        Spread = 0,
        Return = TimeSpan.FromSeconds(1),
        PodStart = TimeSpan.FromSeconds(2),
    };

    [Test]
    public void Gaps_are_what_occupations_leave_and_know_which_job_ends_them()
    {
        var gaps = Gap.Of(
            nodes: 3,
            length: 100,
            [
                new Occupation(20, 30, [0, 1], 0),
                new Occupation(25, 40, [0], 1),
                new Occupation(60, 200, [0], null),
                new Occupation(-10, 5, [1], 2),
                new Occupation(150, 160, [1], 3),
            ]
        );
        Assert.That(
            gaps,
            Is.EqualTo(
                new[]
                {
                    new Gap(0, 0, 20, 0),
                    new Gap(0, 40, 60, null),
                    new Gap(1, 5, 20, 0),
                    new Gap(1, 30, 100, null),
                    new Gap(2, 0, 100, null),
                }
            )
        );
    }

    [TestCase(12, 0)]
    [TestCase(13, 1)]
    public void A_node_that_is_kept_for_the_next_job_is_lent_that_much_later(double length, double lent)
    {
        var harvest = Harvest.Of([new Gap(0, 0, length, 0)], 1, Alike with { Linger = TimeSpan.FromSeconds(11) }, seed: 1);
        Assert.That((harvest.Lent.TotalSeconds, harvest.PodsEnded), Is.EqualTo((lent, (int)lent)));
    }

    // Ready after 1 s; pods of 10 s begin at 3, 15 and 27 s.
    [TestCase("too short to return", 1, 0, 0, 0, 0, 0)]
    [TestCase("one pod is still starting", 2, 1, 0, 0, 0, 1)]
    [TestCase("one pod is cut", 8, 7, 5, 0, 0, 1)]
    [TestCase("one pod ends in time", 13, 12, 10, 10, 1, 0)]
    [TestCase("the next is still starting", 14, 13, 10, 10, 1, 1)]
    [TestCase("the second is cut", 20, 19, 15, 10, 1, 1)]
    public void A_gap_is_worth_the_pods_that_fit(string what, double length, double lent, double ran, double useful, int done, int ended)
    {
        var harvest = Harvest.Of([new Gap(0, 0, length, 0)], jobs: 1, Alike, seed: 1);
        Assert.That(
            (harvest.Idle.TotalSeconds, harvest.Lent.TotalSeconds, harvest.PodTime.TotalSeconds, harvest.Useful.TotalSeconds),
            Is.EqualTo((length, lent, ran, useful)),
            what
        );
        Assert.That((harvest.PodsDone, harvest.PodsEnded), Is.EqualTo((done, ended)));
        Assert.That(harvest.Waits.Single(), Is.EqualTo(Alike.HandOver + (ended > 0 ? Alike.PodEnd : TimeSpan.Zero)));
    }

    // After 3 s, no pod of 10 s may begin; the second would have been cut.
    [Test]
    public void A_pod_that_asks_begins_only_where_it_has_the_time()
    {
        var harvest = Harvest.Of([new Gap(7, 0, 20, 0)], jobs: 1, Alike, seed: 1, (node, at) => node == 7 && at < 3 ? 10 : 9);
        Assert.That((harvest.PodTime.TotalSeconds, harvest.PodsDone, harvest.PodsEnded), Is.EqualTo((10, 1, 0)));
    }

    [Test]
    public void What_was_saved_is_kept_and_places_are_counted_as_one_node()
    {
        var harvest = Harvest.Of([new Gap(0, 0, 8, 0)], jobs: 1, Alike with { Step = TimeSpan.FromSeconds(2), PodsPerNode = 4 }, seed: 1);
        Assert.That((harvest.PodTime.TotalSeconds, harvest.Useful.TotalSeconds, harvest.PodsEnded), Is.EqualTo((5, 4, 4)));
    }

    [Test]
    public void Only_a_job_ends_pods_and_no_pod_keeps_a_job_waiting_beyond_its_grace()
    {
        Assert.That(Harvest.Of([new Gap(0, 0, 8, null)], jobs: 0, Alike, seed: 1).PodsEnded, Is.Zero);
        var slow = Alike with { PodEnd = TimeSpan.FromMinutes(1) };
        Assert.That(slow.Leaving, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(
            (slow with { Eviction = new EvictionConfiguration { GracePeriod = null } }).Leaving,
            Is.EqualTo(TimeSpan.FromSeconds(20))
        );
    }

    [Test]
    public void The_same_seed_gives_the_same_pods_and_half_of_them_are_shorter_than_the_median()
    {
        var model = Alike with { Spread = 1 };
        var idle = new[] { new Gap(0, 0, 1_000_000, null) };
        var harvest = Harvest.Of(idle, 0, model, seed: 7);
        Assert.That(
            harvest,
            Is.EqualTo(Harvest.Of(idle, 0, model, seed: 7)).Using<Harvest>((a, b) => a.PodTime == b.PodTime && a.PodsDone == b.PodsDone)
        );
        // The mean of a log-normal number is its median times e to half of its variance.
        Assert.That(harvest.PodTime.TotalSeconds / harvest.PodsDone, Is.EqualTo(10 * Math.Exp(0.5)).Within(5).Percent);
    }
}
