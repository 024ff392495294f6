namespace BeBiDa.Harvest.Traces;

/// <summary>A workload that figures are named after.</summary>
/// <param name="Name">Its name.</param>
/// <param name="About">What it is, in a sentence.</param>
/// <param name="Make">Makes its jobs, for so many nodes and so many days, from a seed.</param>
internal sealed record Workload(string Name, string About, Func<int, double, int, IReadOnlyList<TraceJob>> Make)
{
    private const double Day = 86400;

    // What users ask for: round times.
    private static readonly double[] s_limits = [300, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new(
            "long",
            "Low load with long jobs: Lublin's and Feitelson's model with runtimes times 4, at half of the cluster's time",
            (nodes, days, seed) => Modelled(nodes, days, seed, load: 0.5, runtimes: 4)
        ),
        new(
            "short",
            "High load with short jobs: the same model with runtimes divided by 8, at 85 % of the cluster's time",
            (nodes, days, seed) => Modelled(nodes, days, seed, load: 0.85, runtimes: 1.0 / 8)
        ),
        new(
            "bursts",
            "Bursts of wide jobs: every 2 h on average, ten jobs at once of a quarter to all of the nodes, for some 5 minutes each",
            Bursts
        ),
    ];

    // Arrivals are stretched until the jobs take as much of the cluster's time as they should.
    private static IReadOnlyList<TraceJob> Modelled(int nodes, double days, int seed, double load, double runtimes)
    {
        var model = new LublinFeitelson(nodes, seed);
        var limits = new Random(seed);
        var wanted = load * nodes * days * Day;
        var jobs = new List<(double Arrival, double Runtime, int Nodes)>();
        for (var work = 0.0; work < wanted; )
        {
            var (arrival, modelled, size) = model.Next();
            var runtime = Math.Clamp(modelled * runtimes, 1, days * Day / 4);
            // The last one would be more than is left.
            if (work + runtime * size > 1.02 * wanted)
                continue;
            jobs.Add((arrival, runtime, size));
            work += runtime * size;
        }
        var stretch = days * Day / jobs[^1].Arrival;
        return [.. jobs.Select((job, i) => Job(i, job.Arrival * stretch, job.Runtime, job.Nodes, limits))];
    }

    private static IReadOnlyList<TraceJob> Bursts(int nodes, double days, int seed)
    {
        const double apart = 7200;
        const int together = 10;
        const double median = 300;
        var random = new Random(seed);
        var jobs = new List<TraceJob>();
        for (var at = -apart * Math.Log(1 - random.NextDouble()); at < days * Day; at += -apart * Math.Log(1 - random.NextDouble()))
        for (var i = 0; i < together; i++)
        {
            var size = Math.Max(1, (int)(nodes * (0.25 + 0.75 * random.NextDouble())));
            jobs.Add(Job(jobs.Count, at, median * Math.Exp(0.5 * Normal(random)), size, random));
        }
        return jobs;
    }

    private static TraceJob Job(int index, double submit, double runtime, int nodes, Random random)
    {
        // Users ask for up to three times what they need.
        var wish = runtime * (1 + 2 * random.NextDouble());
        var limit = s_limits.FirstOrDefault(l => l >= wish, Math.Max(s_limits[^1], runtime));
        return new TraceJob(
            index + 1,
            TimeSpan.FromSeconds(Math.Floor(submit)),
            TimeSpan.FromSeconds(Math.Max(1, Math.Floor(runtime))),
            TimeSpan.FromSeconds(limit),
            nodes
        );
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
