using BeBiDa.Cluster;

namespace BeBiDa.Planning;

/// <summary>Until when each node stays free, as far as is told and as far as is known now. Safe to use from many threads.</summary>
/// <remarks>
/// What is told only falls: with time, and at once when a plan is earlier. It rises when two readings agree that are at least one
/// <c>bf_interval</c> apart, on idle nodes, and where the label has to say more. So an idle node costs some dozen writes in all.
/// </remarks>
public sealed class FreeBook
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    private bool hasLearned;

    /// <summary>Takes in what Nodes say that an earlier slurmctld has written; before anything else.</summary>
    public void Begin(IEnumerable<(ClusterNode Node, FreeTime Told)> labels)
    {
        lock (gate)
            foreach (var (node, told) in labels)
                entries[node.Uid] = new Entry(node) { Told = told };
    }

    /// <summary>Takes in what is known of all nodes.</summary>
    /// <param name="exist">The uids of all nodes that there are.</param>
    /// <param name="free">Until when each node is free, by its uid, and whether it is idle; a node that is missing is unknown.</param>
    /// <param name="interval">How often backfill plans anew.</param>
    /// <param name="now">When it was read.</param>
    public void Learn(
        IReadOnlySet<string> exist,
        IReadOnlyDictionary<string, (ClusterNode Node, DateTimeOffset Until, bool IsIdle)> free,
        TimeSpan interval,
        DateTimeOffset now
    )
    {
        lock (gate)
        {
            hasLearned = true;
            foreach (var (uid, entry) in entries.ToList())
                if (!exist.Contains(uid))
                    entries.Remove(uid);
                else if (!free.ContainsKey(uid))
                    entry.Forget();
            foreach (var (uid, (node, until, isIdle)) in free)
            {
                if (!entries.TryGetValue(uid, out var entry))
                    entries[uid] = entry = new Entry(node);
                entry.Learn(until, isIdle, interval, now);
            }
        }
    }

    /// <summary>The node whose label is to be written next, with what it is to say: null for no label.</summary>
    public (ClusterNode Node, FreeTime? Free)? Next(DateTimeOffset now)
    {
        lock (gate)
        {
            if (!hasLearned)
                return null;
            var due = entries.Values.Where(e => e.IsDue(now)).ToList();
            // What promises too much comes first. Each label waits for those before it, a second each, and must be right until then.
            return due.MaxBy(e => e.Excess(now)) is { } first ? (first.Node, first.Wanted(now.AddSeconds(due.Count - 1))) : null;
        }
    }

    /// <summary>The label was written.</summary>
    public void Wrote(ClusterNode node, FreeTime? free)
    {
        lock (gate)
            if (entries.TryGetValue(node.Uid, out var entry))
            {
                entry.Told = free;
                if (free is null)
                    entries.Remove(node.Uid);
            }
    }

    /// <summary>The label was not written: others come first for a while.</summary>
    public void Postpone(ClusterNode node, DateTimeOffset until)
    {
        lock (gate)
            if (entries.TryGetValue(node.Uid, out var entry))
                entry.NotBefore = until;
    }

    private sealed class Entry(ClusterNode node)
    {
        private DateTimeOffset? until;
        private (DateTimeOffset Until, DateTimeOffset Since)? later;

        public ClusterNode Node { get; } = node;

        /// <summary>What the label says; null for none.</summary>
        public FreeTime? Told { get; set; }

        public DateTimeOffset NotBefore { get; set; }

        public void Forget() => (until, later) = (null, null);

        public void Learn(DateTimeOffset known, bool isIdle, TimeSpan interval, DateTimeOffset now)
        {
            // Whoever wrote the label, it only falls.
            until ??= Told?.Until;
            if (until is { } believed && known <= believed)
                (until, later) = (known, null);
            else if (!isIdle)
                later = null;
            else if (later is not { } candidate)
                later = (known, now);
            else if (now - candidate.Since >= interval)
                // The earlier of the two, which both agree on.
                (until, later) = (known < candidate.Until ? known : candidate.Until, (known, now));
            else if (known < candidate.Until)
                later = (known, candidate.Since);
        }

        public FreeTime? Wanted(DateTimeOffset now) => until is { } known ? FreeTime.From(now, known) : null;

        public bool IsDue(DateTimeOffset now)
        {
            if (now < NotBefore)
                return false;
            if (Wanted(now) is not { } wanted)
                return Told is not null;
            // It rises with the time that is known, and not because it was rounded. No time is no time, whenever that ends.
            return Told is not { } told
                || wanted.Seconds < told.Seconds
                || (
                    wanted.Seconds > 0
                    && wanted.Until > told.Until
                    && (wanted.Seconds > told.Seconds || told.Until < now.AddSeconds(told.Seconds))
                );
        }

        public long Excess(DateTimeOffset now) => (Told?.Seconds ?? 0) - (Wanted(now)?.Seconds ?? 0);
    }
}
