using BeBiDa.Draining;

namespace BeBiDa.Core.Tests;

public class EvictionLimiterSpecs
{
    [TestCase(1, 1, 1)]
    [TestCase(4, 2, 2)]
    [TestCase(64, 16, 32)]
    public void A_node_begins_with_a_quarter_of_the_requests_and_has_half_of_them_once_it_answers(int maxInFlight, int first, int most)
    {
        var limiter = new EvictionLimiter(maxInFlight);
        Assert.That(Begin(limiter, "n1"), Is.EqualTo(first));
        for (var i = 0; i < 3 * maxInFlight; i++)
        {
            limiter.End("n1", isAnswered: true);
            Assert.That(limiter.TryBegin("n1"), Is.True, "one that ends makes room for another");
            Begin(limiter, "n1");
        }
        Assert.That(End(limiter, "n1"), Is.EqualTo(most));
    }

    [Test]
    public void A_node_that_does_not_answer_is_asked_one_at_a_time_and_begins_anew_when_it_does()
    {
        var limiter = new EvictionLimiter(32);
        for (var i = 0; i < 10; i++)
        {
            Begin(limiter, "n1");
            limiter.End("n1", isAnswered: true);
        }
        End(limiter, "n1", isAnswered: false);
        Assert.That(limiter.IsSilent("n1"), Is.True);
        Assert.That(Begin(limiter, "n1"), Is.EqualTo(1));
        limiter.End("n1", isAnswered: true);
        Assert.That(Begin(limiter, "n1"), Is.EqualTo(9), "a quarter, and one for the answer");
    }

    [Test]
    public void A_node_that_hangs_leaves_the_others_their_room()
    {
        var limiter = new EvictionLimiter(32);
        Begin(limiter, "hangs");
        Assert.That(Begin(limiter, "answers"), Is.EqualTo(8));
        Assert.That(limiter.HasRoom, Is.True);
    }

    // Begins as many as it may, and counts them.
    private static int Begin(EvictionLimiter limiter, string node)
    {
        var begun = 0;
        while (limiter.TryBegin(node))
            begun++;
        return begun;
    }

    // Ends all, and counts them.
    private static int End(EvictionLimiter limiter, string node, bool isAnswered = true)
    {
        var ended = 0;
        for (; limiter.InFlightOf(node) > 0; ended++)
            limiter.End(node, isAnswered);
        return ended;
    }
}
