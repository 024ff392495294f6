using System.Text.Json.Serialization;

namespace BeBiDa.Harvest.Daemons;

/// <summary>How a pod's time on a node ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PodEnd>))]
internal enum PodEnd
{
    /// <summary>Its work was done.</summary>
    Done,

    /// <summary>It was ended before.</summary>
    Cut,

    /// <summary>It is still there.</summary>
    Stays,
}

/// <summary>A pod's time on a node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Node">Its node.</param>
/// <param name="Slot">Which of the node's slots it has; from 0.</param>
/// <param name="Bound">When it was given the node.</param>
/// <param name="Started">When it began to work; null if it never did.</param>
/// <param name="Told">When it was told to end; null if it was not.</param>
/// <param name="Ended">When its work was done, or it was gone; null if it stays.</param>
/// <param name="End">How it ended.</param>
/// <param name="Length">How long its work takes.</param>
/// <param name="Step">After what time of work, each time, the work is kept.</param>
internal sealed record PodLife(
    string Name,
    string Node,
    int Slot,
    TimeSpan Bound,
    TimeSpan? Started,
    TimeSpan? Told,
    TimeSpan? Ended,
    PodEnd End,
    TimeSpan Length,
    TimeSpan Step
)
{
    /// <summary>Its work that is kept, if it is told to end at a moment: whole steps, and not the last one, with which it would be done.</summary>
    public TimeSpan KeptBy(TimeSpan moment)
    {
        if (Started is not { } started || moment <= started)
            return TimeSpan.Zero;
        var steps = Math.Min(Math.Floor((moment - started) / Step), Math.Ceiling(Math.Round(Length / Step, 3)) - 1);
        return steps * Step;
    }

    /// <summary>Gives each of the pods of a node the first slot that is free when it comes.</summary>
    public static IReadOnlyList<PodLife> InSlots(IEnumerable<PodLife> pods)
    {
        var placed = new List<PodLife>();
        foreach (var node in pods.GroupBy(pod => pod.Node))
        {
            var freeAt = new List<TimeSpan>();
            foreach (var pod in node.OrderBy(pod => pod.Bound))
            {
                var slot = freeAt.FindIndex(free => free <= pod.Bound);
                if (slot < 0)
                {
                    slot = freeAt.Count;
                    freeAt.Add(default);
                }
                freeAt[slot] = pod.Ended ?? TimeSpan.MaxValue;
                placed.Add(pod with { Slot = slot });
            }
        }
        return [.. placed.OrderBy(pod => pod.Bound)];
    }
}

/// <summary>A job of the trace, as it went.</summary>
/// <param name="Number">Its number in the trace.</param>
/// <param name="Id">Slurm's number.</param>
/// <param name="Submitted">When sbatch was started.</param>
/// <param name="Allocated">When slurmctld gave it its nodes, the first time; null if it never did.</param>
/// <param name="Began">When its first command ran; null if none did.</param>
/// <param name="Ended">When slurmctld had seen its end.</param>
/// <param name="Nodes">Its nodes.</param>
/// <param name="Allocations">How often it was given nodes: more than once if it was requeued.</param>
/// <param name="State">How it ended, by squeue.</param>
internal sealed record JobLife(
    int Number,
    int Id,
    TimeSpan Submitted,
    TimeSpan? Allocated,
    TimeSpan? Began,
    TimeSpan? Ended,
    IReadOnlyList<string> Nodes,
    int Allocations,
    string State
);
