using BeBiDa.Cluster;
using BeBiDa.Planning;

namespace BeBiDa.Harvest.Replay;

/// <summary>What the label of free seconds says on each replayed node, by the plugin's own <see cref="FreeBook"/>.</summary>
/// <param name="nodes">How many nodes there are.</param>
internal sealed class Promises(int nodes)
{
    private const int LabelsALook = 5;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1440);

    private readonly FreeBook book = new();
    private readonly ClusterNode[] all = [.. Enumerable.Range(0, nodes).Select(node => new ClusterNode($"{node}", $"{node}"))];
    private readonly HashSet<string> uids = [.. Enumerable.Range(0, nodes).Select(node => $"{node}")];
    private readonly List<(double At, double Seconds)>[] told = [.. Enumerable.Range(0, nodes).Select(_ => new List<(double, double)>())];

    /// <summary>slurmctld's plugin looks at Slurm, and writes labels until the next look.</summary>
    public void Tell(Schedule plans, IReadOnlySet<int> idle, TimeSpan lead, DateTimeOffset now)
    {
        var starts = plans.FirstOfEachNode();
        book.Learn(
            uids,
            all.Select(
                    (node, i) =>
                        (
                            node,
                            Until: starts.GetValueOrDefault(node.Name) is { } plan && plan.Expected < now + Window
                                ? plan.Expected - lead
                                : now + Window,
                            idle.Contains(i)
                        )
                )
                .ToDictionary(free => free.node.Uid),
            plans.Interval,
            now
        );
        for (var i = 0; i < LabelsALook && book.Next(now) is var (node, free); i++)
        {
            book.Wrote(node, free);
            told[int.Parse(node.Name)].Add(((now - DateTimeOffset.UnixEpoch).TotalSeconds, free?.Seconds ?? 0));
        }
    }

    /// <summary>What a node's label says; without one, no pod that asks is put there.</summary>
    /// <param name="node">The node's number.</param>
    /// <param name="at">When, in seconds from the trace's beginning.</param>
    public double Of(int node, double at)
    {
        var (low, high) = (0, told[node].Count);
        while (low < high)
            if (told[node][(low + high) / 2].At <= at)
                low = (low + high) / 2 + 1;
            else
                high = (low + high) / 2;
        return low == 0 ? 0 : told[node][low - 1].Seconds;
    }
}
