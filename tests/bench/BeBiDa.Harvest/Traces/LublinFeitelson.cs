namespace BeBiDa.Harvest.Traces;

/// <summary>Makes jobs by the workload model of Lublin and Feitelson, without its distinction of interactive and batch jobs.</summary>
/// <remarks>
/// U. Lublin, D. G. Feitelson, "The workload on parallel supercomputers: modeling the characteristics of rigid jobs", Journal
/// of Parallel and Distributed Computing 63 (2003). The constants are those of its program, lublin99.c. Logarithms of sizes
/// are of base 2, those of times natural.
/// </remarks>
internal sealed class LublinFeitelson
{
    private const double Serial = 0.244,
        PowerOfTwo = 0.576,
        SmallestSize = 0.8,
        ProbabilityOfSmall = 0.86;

    // Two gamma distributions of the runtime's logarithm, and how which one it is follows from the job's size.
    private const double Alpha1 = 4.2,
        Beta1 = 0.94,
        Alpha2 = 312,
        Beta2 = 0.03,
        Slope = -0.0054,
        Intercept = 0.78,
        LongestLog = 12;

    // Times between arrivals, and how they differ by the time of day.
    private const double ArrivalAlpha = 10.2303 * 1.0225,
        ArrivalBeta = 0.4871,
        DayAlpha = 8.1737,
        DayBeta = 3.9631,
        LongestArrivalLog = 13;
    private const int Buckets = 48,
        FirstBucket = 11,
        Bucket = 1800;

    private readonly Random random;
    private readonly double largest;
    private readonly double[] weights = new double[Buckets];
    private double now,
        left;

    /// <summary>Begins at midnight.</summary>
    /// <param name="nodes">How many nodes the cluster has: the widest job's.</param>
    /// <param name="seed">Chooses all of it.</param>
    public LublinFeitelson(int nodes, int seed)
    {
        random = new Random(seed);
        largest = Math.Log2(nodes);
        for (var i = FirstBucket; i < Buckets + FirstBucket; i++)
            weights[(i - 1) % Buckets] = Density(i);
        var mean = weights.Average();
        for (var i = 0; i < Buckets; i++)
            weights[i] /= mean;
    }

    /// <summary>The next job: when it arrives, in seconds from the beginning, how long it runs, and how many nodes it takes.</summary>
    public (double Arrival, double Runtime, int Nodes) Next()
    {
        var nodes = Nodes();
        return (Arrive(), Run(nodes), nodes);
    }

    private int Nodes()
    {
        var u = random.NextDouble();
        if (u <= Serial)
            return 1;
        // The middle is two and a half powers of two below the widest, as in the model for 128 nodes.
        var middle = Math.Max(SmallestSize, largest - 2.5);
        var size =
            random.NextDouble() <= ProbabilityOfSmall
                ? SmallestSize + (middle - SmallestSize) * random.NextDouble()
                : middle + (largest - middle) * random.NextDouble();
        if (u <= Serial + PowerOfTwo)
            size = Math.Floor(size + 0.5);
        return Math.Clamp((int)(Math.Pow(2, size) + 0.5), 1, (int)Math.Round(Math.Pow(2, largest)));
    }

    private double Run(int nodes)
    {
        var first = Math.Clamp(Slope * nodes + Intercept, 0, 1);
        double log;
        do log = random.NextDouble() <= first ? Gamma(Alpha1, Beta1) : Gamma(Alpha2, Beta2);
        while (log > LongestLog);
        return Math.Max(1, Math.Floor(Math.Exp(log)));
    }

    // A time at the busiest hour, paid for with what each half-hour is worth.
    private double Arrive()
    {
        double log;
        do log = Gamma(ArrivalAlpha, ArrivalBeta);
        while (log > LongestArrivalLog);
        // What has gone of this half-hour was paid for already.
        var points = left + Math.Exp(log) / Bucket;
        var bucket = (int)(now / Bucket) % Buckets;
        var start = Math.Floor(now / Bucket) * Bucket;
        for (; points > weights[bucket]; bucket = (bucket + 1) % Buckets, start += Bucket)
            points -= weights[bucket];
        left = points;
        // Never quite at the end of the half-hour, which is the next one's beginning.
        now = start + Math.Min(points / weights[bucket], 0.999999) * Bucket;
        return now;
    }

    // Marsaglia's and Tsang's way to a gamma-distributed number; alpha is above 1 everywhere here.
    private double Gamma(double alpha, double beta)
    {
        var d = alpha - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            var v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < 0.5 * x * x + d - d * v + d * Math.Log(v))
                return d * v * beta;
        }
    }

    // Of the gamma distribution of arrivals over the day, but for a factor that is the same for all.
    private static double Density(double x) => Math.Pow(x, DayAlpha - 1) * Math.Exp(-x / DayBeta);
}
