using BeBiDa.Chaos.Observation;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>When a node that is not fit for pods must be held for certain.</summary>
internal sealed class UnfitNodeSpecs
{
    [TestCase(5, 8, false, Description = "it may not have been held yet")]
    [TestCase(7, 8, true)]
    [TestCase(19, 21, false, Description = "it may have been fit again")]
    public void A_sighting_counts(int from, int to, bool counts)
    {
        var node = new UnfitNode("n1", new Window(Time(0), Time(20)));
        var sighting = new Sighting("n1", new NodeState(1, true, new HashSet<string>()), new Window(Time(from), Time(to)));
        Assert.That(node.Seen([sighting], TimeSpan.FromSeconds(6)).Any(), Is.EqualTo(counts));
    }

    private static DateTimeOffset Time(int at) => DateTimeOffset.UnixEpoch.AddSeconds(at);
}
