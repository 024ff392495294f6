using BeBiDa.Lab;

namespace BeBiDa.Chaos.Load;

/// <summary>All jobs of a run, drawn from a seed before any of them runs.</summary>
public static class JobPlan
{
    private static readonly IReadOnlyList<(Fate Fate, int Weight)> Mix =
    [
        (Fate.Batch, 9),
        (Fate.Interactive, 4),
        (Fate.Array, 2),
        (Fate.Cancelled, 4),
        (Fate.Requeued, 1),
    ];

    /// <summary>More than will be needed.</summary>
    public static IReadOnlyList<PlannedJob> Draw(ChaosOptions options)
    {
        var random = new Random(options.Seed);
        var fates = Mix.SelectMany(m => Enumerable.Repeat(m.Fate, m.Weight)).ToArray();
        var count = (int)options.Time.TotalSeconds * options.Lanes;
        return [.. Enumerable.Range(1, count).Select(i => Job(random, $"chaos-{i}", fates[random.Next(fates.Length)], options.Nodes))];
    }

    private static PlannedJob Job(Random random, string name, Fate fate, int nodes)
    {
        // Two in three share their nodes, some ask for certain ones, and one in eight outlasts what goes wrong meanwhile.
        var shared = fate == Fate.Array || random.Next(3) > 0;
        var size = random.Next(1, 5);
        List<string> options = ["-p", shared ? SlurmCluster.SharedPartition : SlurmCluster.ExclusivePartition, $"-N{size}", "--time=10"];
        if (shared)
            options.Add("--oversubscribe");
        if (random.Next(2) == 0)
        {
            var names = Enumerable.Range(1, nodes).Select(i => $"n{i}").ToArray();
            random.Shuffle(names);
            options.AddRange(["-w", string.Join(',', names.Take(size))]);
        }
        var time = random.Next(8) == 0 ? random.Next(5_000, 14_000) : random.Next(200, 3_000);
        return new PlannedJob(name, fate, options, TimeSpan.FromMilliseconds(time), TimeSpan.FromMilliseconds(random.Next(50, 3_000)));
    }
}
