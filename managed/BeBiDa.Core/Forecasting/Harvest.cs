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
    /// <param name="longest">How many seconds a pod may take at most that begins on a node at a time; null where pods do not ask.</param>
    public static Harvest Of(IReadOnlyList<Gap> gaps, int jobs, LendingModel model, int seed, Func<int, double, double>? longest = null)
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
                    if (lengths.Next(longest?.Invoke(gap.Node, free) ?? double.PositiveInfinity) is not { } length)
                    {
                        cut = false;
                        free += Patience;
                        continue;
                    }
                    var begin = free + model.PodStart.TotalSeconds;
                    cut = begin + length > gap.End;
                    var time = cut ? Math.Max(0, gap.End - begin) : length;
                    ran += time;
                    useful += cut && !gap.IsGentle ? Kept(time, model.Step.TotalSeconds) : time;
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

    // How often a scheduler looks again for a pod that is short enough, in seconds.
    private const double Patience = 5;

    private static double Kept(double time, double step) => step > 0 ? Math.Floor(time / step) * step : 0;

    // Log-normal, as the lengths of most work are: many short ones, few long ones. So many are drawn once, and then come again:
    // weeks of a large cluster have a hundred million pods.
    private sealed class PodLengths(LendingModel model, int seed)
    {
        private const int Count = 1 << 16;
        private const int Waiting = 10;

        private readonly double[] lengths = Draw(model, new Random(seed));
        private int next;

        // The first that is short enough, of those that wait.
        public double? Next(double longest)
        {
            for (var i = 0; i < Waiting; i++)
                if (lengths[next++ & (Count - 1)] is var length && length <= longest)
                    return length;
            return null;
        }

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
