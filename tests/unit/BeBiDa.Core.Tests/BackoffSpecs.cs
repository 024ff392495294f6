namespace BeBiDa.Tests;

public class BackoffSpecs
{
    [Test]
    public void Each_pause_is_twice_as_long_up_to_a_cap_and_jitter_never_makes_one_longer()
    {
        for (var times = 0; times < 1000; times++)
        {
            var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
            foreach (var whole in new[] { 1, 2, 4, 5, 5 })
                Assert.That(backoff.Next().TotalSeconds, Is.InRange(whole / 2.0, whole));
            backoff.Reset();
            Assert.That(backoff.Next().TotalSeconds, Is.InRange(0.5, 1));
        }
    }

    [Test]
    public void What_failed_together_does_not_come_back_together()
    {
        var pauses = Enumerable.Range(0, 100).Select(_ => new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)).Next());
        Assert.That(pauses.Distinct().Count(), Is.GreaterThan(90));
    }
}
