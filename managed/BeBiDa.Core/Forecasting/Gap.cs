namespace BeBiDa.Forecasting;

/// <summary>A time in which a node is idle, in seconds from the beginning of what is looked at.</summary>
/// <param name="Node">The node's number, from 0.</param>
/// <param name="Begin">When it becomes idle.</param>
/// <param name="End">When somebody has it again.</param>
/// <param name="Next">The job that ends it; null where something else does, or what is looked at ends.</param>
/// <param name="IsGentle">Whether pods have their own grace at its end, and save their work.</param>
public readonly record struct Gap(int Node, double Begin, double End, int? Next, bool IsGentle = false)
{
    /// <summary>How long it is.</summary>
    public double Length => End - Begin;

    /// <summary>The gaps that occupations leave, node after node, each node's in the order of time.</summary>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="length">How long what is looked at lasts, in seconds.</param>
    /// <param name="occupations">Who has which nodes when; they may overlap, and come in any order.</param>
    public static IReadOnlyList<Gap> Of(int nodes, double length, IEnumerable<Occupation> occupations)
    {
        var taken = Enumerable.Range(0, nodes).Select(_ => new List<(double Begin, double End, int? Job)>()).ToArray();
        foreach (var occupation in occupations)
        foreach (var node in occupation.Nodes)
            taken[node].Add((occupation.Begin, occupation.End, occupation.Job));
        var gaps = new List<Gap>();
        for (var node = 0; node < nodes; node++)
        {
            var free = 0.0;
            foreach (var (begin, end, job) in taken[node].OrderBy(t => t.Begin).ThenBy(t => t.Job ?? int.MaxValue))
            {
                if (free >= length)
                    break;
                if (begin > free)
                    gaps.Add(new Gap(node, free, Math.Min(begin, length), begin < length ? job : null));
                free = Math.Max(free, end);
            }
            if (free < length)
                gaps.Add(new Gap(node, free, length, null));
        }
        return gaps;
    }
}
