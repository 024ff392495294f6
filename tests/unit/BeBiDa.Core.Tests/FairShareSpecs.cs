using BeBiDa.Draining;

namespace BeBiDa.Core.Tests;

public class FairShareSpecs
{
    [TestCase(1, 1, 1)]
    [TestCase(4, 2, 2)]
    [TestCase(64, 16, 32)]
    public void A_node_begins_with_a_quarter_of_the_requests_and_has_half_of_them_once_it_answers(int maxInFlight, int first, int most)
    {
        var share = new FairShare(maxInFlight);
        Assert.That(Begin(share, "n1"), Is.EqualTo(first));
        for (var i = 0; i < 3 * maxInFlight; i++)
        {
            share.End("n1", isAnswered: true);
            Assert.That(share.TryBegin("n1"), Is.True, "one that ends makes room for another");
            Begin(share, "n1");
        }
        Assert.That(End(share, "n1"), Is.EqualTo(most));
    }

    [Test]
    public void A_node_that_does_not_answer_is_asked_one_at_a_time_and_begins_anew_when_it_does()
    {
        var share = new FairShare(32);
        for (var i = 0; i < 10; i++)
        {
            Begin(share, "n1");
            share.End("n1", isAnswered: true);
        }
        End(share, "n1", isAnswered: false);
        Assert.That(share.IsSilent("n1"), Is.True);
        Assert.That(Begin(share, "n1"), Is.EqualTo(1));
        share.End("n1", isAnswered: true);
        Assert.That(Begin(share, "n1"), Is.EqualTo(9), "a quarter, and one for the answer");
    }

    [Test]
    public void A_node_that_hangs_leaves_the_others_their_room()
    {
        var share = new FairShare(32);
        Begin(share, "hangs");
        Assert.That(Begin(share, "answers"), Is.EqualTo(8));
        Assert.That(share.HasRoom, Is.True);
    }

    // Begins as many as it may, and counts them.
    private static int Begin(FairShare share, string node)
    {
        var begun = 0;
        while (share.TryBegin(node))
            begun++;
        return begun;
    }

    // Ends all, and counts them.
    private static int End(FairShare share, string node, bool isAnswered = true)
    {
        var ended = 0;
        for (; share.InFlightOf(node) > 0; ended++)
            share.End(node, isAnswered);
        return ended;
    }
}
