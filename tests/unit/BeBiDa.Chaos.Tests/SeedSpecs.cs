using BeBiDa.Chaos.Adversities;
using BeBiDa.Chaos.Load;
using BeBiDa.EmbeddedApi;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>A seed is all that is needed to see the same again.</summary>
internal sealed class SeedSpecs
{
    [Test]
    public void A_seed_draws_the_same_adversities_and_the_same_jobs()
    {
        var options = new ChaosOptions { Seed = 7 };
        Assert.That(Schedule.Draw(options), Is.EqualTo(Schedule.Draw(options)));
        Assert.That(Jobs(options), Is.EqualTo(Jobs(options)));
    }

    [Test]
    public void Another_seed_draws_others()
    {
        Assert.That(Schedule.Draw(new() { Seed = 7 }), Is.Not.EqualTo(Schedule.Draw(new() { Seed = 8 })));
        Assert.That(Jobs(new() { Seed = 7 }), Is.Not.EqualTo(Jobs(new() { Seed = 8 })));
    }

    [Test]
    public void A_real_API_server_is_spared_what_only_the_embedded_one_can_do() =>
        Assert.That(
            Schedule.Draw(new() { Api = ApiServerKind.Real }).Select(adversity => adversity.Kind),
            Does.Not.Contain(AdversityKind.ApiErrors).And.Not.Contain(AdversityKind.ApiStopped).And.Contain(AdversityKind.ApiRefused)
        );

    [Test]
    public void No_outage_but_the_long_one_outlasts_the_deadline_of_a_job()
    {
        var all = Schedule
            .Draw(new() { LongOutage = true })
            .ToLookup(adversity => adversity.Lasts > TimeSpan.FromSeconds(30), adversity => adversity.Kind);
        Assert.That(all[true], Is.EqualTo(new[] { AdversityKind.LongOutage }));
        Assert.That(all[false], Is.Not.Empty);
    }

    private static IEnumerable<string> Jobs(ChaosOptions options) =>
        JobPlan.Draw(options).Select(job => $"{job.Name} {job.Fate} {string.Join(' ', job.Options)} {job.Time} {job.Patience}");
}
