namespace BeBiDa.Accounts;

/// <summary>The time of some nodes, by what they were used for, and the pods that left them.</summary>
public sealed class Tally
{
    private static readonly NodeUse[] LeftUses =
    [
        NodeUse.LentWithPods,
        NodeUse.LentEmpty,
        NodeUse.Linger,
        NodeUse.Planned,
        NodeUse.Policy,
        NodeUse.Held,
    ];

    private readonly double[] seconds = new double[Enum.GetValues<NodeUse>().Length];

    /// <summary>How long pods ran there, all added up, in seconds.</summary>
    public double PodSeconds { get; private set; }

    /// <summary>How many pods were evicted.</summary>
    public int Evicted { get; private set; }

    /// <summary>How long those had lived, all added up, in seconds.</summary>
    public double LostSeconds { get; private set; }

    /// <summary>All time, in seconds.</summary>
    public double Total => seconds.Sum();

    /// <summary>The time that Slurm left to others, in seconds.</summary>
    public double Left => LeftUses.Sum(use => this[use]);

    /// <summary>The time of one use, in seconds.</summary>
    public double this[NodeUse use] => seconds[(int)use];

    internal void Add(NodeUse use, double length, int pods)
    {
        seconds[(int)use] += length;
        PodSeconds += length * pods;
    }

    internal void AddEvicted(double lived)
    {
        Evicted++;
        LostSeconds += lived;
    }

    internal static Tally Sum(IEnumerable<Tally> all)
    {
        var sum = new Tally();
        foreach (var tally in all)
            sum.Add(tally);
        return sum;
    }

    private void Add(Tally other)
    {
        for (var use = 0; use < seconds.Length; use++)
            seconds[use] += other.seconds[use];
        PodSeconds += other.PodSeconds;
        Evicted += other.Evicted;
        LostSeconds += other.LostSeconds;
    }
}
