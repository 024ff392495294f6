namespace BeBiDa.Harvest.Daemons;

/// <summary>What Slurm says of a node.</summary>
internal enum SlurmState
{
    /// <summary>IDLE or PLANNED.</summary>
    Idle,

    /// <summary>A job has it, or leaves it.</summary>
    Job,

    /// <summary>Anything else.</summary>
    Out,
}

/// <summary>A node at one look.</summary>
/// <param name="Slurm">What Slurm says of it.</param>
/// <param name="Lent">Whether it is schedulable and Ready in Kubernetes.</param>
/// <param name="Pods">How many pods run there.</param>
internal readonly record struct NodeLook(SlurmState Slurm, bool Lent, int Pods)
{
    /// <summary>Who has it.</summary>
    public Owner Owner =>
        (Slurm, Pods, Lent) switch
        {
            (SlurmState.Job, _, _) => Owner.Job,
            (SlurmState.Out, _, _) => Owner.Out,
            (_, > 0, _) => Owner.Pods,
            (_, _, true) => Owner.Lent,
            _ => Owner.Withheld,
        };
}

/// <summary>All nodes at one moment between a question and the last of its answers.</summary>
internal sealed record Look(TimeSpan Asked, TimeSpan Answered, IReadOnlyDictionary<string, NodeLook> Nodes)
{
    /// <summary>The moment that it stands for.</summary>
    public TimeSpan Time => (Asked + Answered) / 2;
}

/// <summary>A time for which a look speaks.</summary>
internal sealed record Stretch(string Node, TimeSpan From, TimeSpan To, NodeLook Look)
{
    /// <summary>How long it is.</summary>
    public TimeSpan Time => To - From;

    /// <summary>
    /// Each look speaks for the time from half-way since the one before to half-way to the next, the first and the last for all
    /// that is beyond: so every node has a state at each moment of the run, and no state is favoured.
    /// </summary>
    public static IReadOnlyList<Stretch> Of(IReadOnlyList<Look> looks, TimeSpan end)
    {
        var stretches = new List<Stretch>();
        for (var i = 0; i < looks.Count; i++)
        {
            var from = i == 0 ? TimeSpan.Zero : Within((looks[i - 1].Time + looks[i].Time) / 2, end);
            var to = i == looks.Count - 1 ? end : Within((looks[i].Time + looks[i + 1].Time) / 2, end);
            if (to > from)
                stretches.AddRange(looks[i].Nodes.Select(node => new Stretch(node.Key, from, to, node.Value)));
        }
        return stretches;
    }

    /// <summary>Who had each node when: stretches of one owner are one.</summary>
    public static IReadOnlyList<OwnerStretch> Owners(IEnumerable<Stretch> stretches)
    {
        var owners = new List<OwnerStretch>();
        foreach (var node in stretches.GroupBy(stretch => stretch.Node))
        {
            var first = owners.Count;
            foreach (var stretch in node.OrderBy(stretch => stretch.From))
            {
                if (owners.Count > first && owners[^1].Owner == stretch.Look.Owner && owners[^1].To == stretch.From)
                    owners[^1] = owners[^1] with { To = stretch.To };
                else
                    owners.Add(new OwnerStretch(stretch.Node, stretch.From, stretch.To, stretch.Look.Owner));
            }
        }
        return owners;
    }

    private static TimeSpan Within(TimeSpan moment, TimeSpan end) =>
        moment < TimeSpan.Zero ? TimeSpan.Zero
        : moment > end ? end
        : moment;
}
