using BeBiDa.EmbeddedApi;

namespace BeBiDa.Chaos.Adversities;

/// <summary>All that will go wrong, drawn from a seed before anything runs.</summary>
public static class Schedule
{
    private static readonly AdversityKind[] OfTheEmbeddedServer =
    [
        AdversityKind.ApiStopped,
        AdversityKind.ApiErrors,
        AdversityKind.AnswersLost,
        AdversityKind.AnswersLate,
        AdversityKind.ServerCertificateExpired,
    ];

    /// <summary>As many as fill the time; each kind comes once before any comes again.</summary>
    public static IReadOnlyList<Adversity> Draw(ChaosOptions options)
    {
        var random = new Random(options.Seed);
        var all = new List<Adversity>();
        var deck = new Stack<AdversityKind>();
        for (var left = options.Time; left > TimeSpan.Zero; left -= all[^1].Lasts + all[^1].Calm)
        {
            if (deck.Count == 0)
            {
                var kinds = Kinds(options).ToArray();
                random.Shuffle(kinds);
                deck = new Stack<AdversityKind>(kinds);
            }
            all.Add(new Adversity(deck.Pop(), Between(random, options.Outage), Between(random, options.Calm), random.Next()));
        }
        if (options.LongOutage)
            all.Insert(all.Count / 2, new Adversity(AdversityKind.LongOutage, ChaosOptions.LongOutageTime, options.Calm.To, random.Next()));
        return all;
    }

    private static IEnumerable<AdversityKind> Kinds(ChaosOptions options) =>
        Enum.GetValues<AdversityKind>()
            .Where(kind =>
                kind switch
                {
                    AdversityKind.LongOutage => false,
                    _ => options.Api == ApiServerKind.Embedded || !OfTheEmbeddedServer.Contains(kind),
                }
            );

    private static TimeSpan Between(Random random, Range range) => range.From + ((range.To - range.From) * random.NextDouble());
}
