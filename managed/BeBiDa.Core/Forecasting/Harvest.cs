namespace BeBiDa.Forecasting;

/// <summary>What lending gaps is worth by a model.</summary>
/// <param name="Idle">Node-time that was idle.</param>
/// <param name="Lent">The part of it in which nodes were schedulable and Ready in Kubernetes.</param>
/// <param name="PodTime">The time that pods ran, for each of a node's places; at most <paramref name="Lent"/>.</param>
/// <param name="Useful">The part of <paramref name="PodTime"/> whose work was kept.</param>
/// <param name="PodsDone">Pods that came to their end.</param>
/// <param name="PodsEnded">Pods that a job ended before, those that were still starting too.</param>
/// <param name="Waits">How long each job waited for its nodes, in order of size.</param>
public sealed record Harvest(
    TimeSpan Idle,
    TimeSpan Lent,
    TimeSpan PodTime,
    TimeSpan Useful,
    int PodsDone,
    int PodsEnded,
    IReadOnlyList<TimeSpan> Waits
)
{
    /// <summary>Lends gaps to pods of which there are always more, and takes them back.</summary>
    /// <param name="gaps">The gaps.</param>
    /// <param name="jobs">How many jobs there are; those that end no gap wait for nothing but the hand-over.</param>
    /// <param name="model">How long everything takes.</param>
    /// <param name="seed">Chooses the pods' lengths; the same seed gives the same ones.</param>
    public static Harvest Of(IReadOnlyList<Gap> gaps, int jobs, LendingModel model, int seed)
    {
        var lengths = new PodLengths(model, seed);
        double idle = 0,
            lent = 0,
            ran = 0,
            useful = 0;
        int done = 0,
            ended = 0;
        var waits = new double[jobs];
        Array.Fill(waits, model.HandOver.TotalSeconds);
        foreach (var gap in gaps)
        {
            idle += gap.Length;
            var ready = gap.Begin + (model.Linger + model.Return).TotalSeconds;
            if (ready >= gap.End)
                continue;
            lent += gap.End - ready;
            for (var place = 0; place < model.PodsPerNode; place++)
            {
                var cut = false;
                // A pod has its place from now on, and works once it has started.
                for (var free = ready; free < gap.End; )
                {
                    var (begin, length) = (free + model.PodStart.TotalSeconds, lengths.Next());
                    cut = begin + length > gap.End;
                    var time = cut ? Math.Max(0, gap.End - begin) : length;
                    ran += time;
                    useful += cut ? Kept(time, model.Step.TotalSeconds) : time;
                    done += cut ? 0 : 1;
                    free = begin + length;
                }
                if (!cut || gap.Next is not { } job)
                    continue;
                ended++;
                waits[job] = (model.HandOver + model.Leaving).TotalSeconds;
            }
        }
        Array.Sort(waits);
        return new Harvest(
            TimeSpan.FromSeconds(idle),
            TimeSpan.FromSeconds(lent),
            TimeSpan.FromSeconds(ran / model.PodsPerNode),
            TimeSpan.FromSeconds(useful / model.PodsPerNode),
            done,
            ended,
            [.. waits.Select(TimeSpan.FromSeconds)]
        );
    }

    private static double Kept(double time, double step) => step > 0 ? Math.Floor(time / step) * step : 0;

    // Log-normal, as the lengths of most work are: many short ones, few long ones. So many are drawn once, and then come again:
    // weeks of a large cluster have a hundred million pods.
    private sealed class PodLengths(LendingModel model, int seed)
    {
        private const int Count = 1 << 16;

        private readonly double[] lengths = Draw(model, new Random(seed));
        private int next;

        public double Next() => lengths[next++ & (Count - 1)];

        private static double[] Draw(LendingModel model, Random random)
        {
            var lengths = new double[Count];
            for (var i = 0; i < Count; i++)
            {
                // Box and Muller's way to a normal number.
                var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                lengths[i] = model.PodLength.TotalSeconds * Math.Exp(model.Spread * normal);
            }
            return lengths;
        }
    }
}
