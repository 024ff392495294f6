namespace BeBiDa.Planning;

/// <summary>Which of Slurm's plans for nodes are to be believed, and which nodes are to be held for them now.</summary>
/// <remarks>
/// Backfill wipes its plans at the beginning of each of its cycles, and shows half of the new ones while it yields its locks
/// (<c>_attempt_backfill()</c> in Slurm's backfill.c). So a plan counts when two readings agree that are at least one
/// <c>bf_interval</c> apart: the same node, and a start within one <c>bf_interval</c>. One reading without it does not end it; one with
/// another start, or without the job, does.
/// After a job did not come, its nodes must be planned for twice as long the next time, so that none is emptied again and again.
/// Safe to use from many threads.
/// </remarks>
/// <param name="lead">How long before its expected start a planned node is held.</param>
public sealed class PlanBook(TimeSpan lead)
{
    private const int MostDoublings = 6;
    private const int MissesBeforeTheEnd = 2;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> inVain = new(StringComparer.Ordinal);
    private TimeSpan interval = TimeSpan.FromSeconds(30);

    /// <summary>Whether a node is held for a plan.</summary>
    public bool IsHolding
    {
        get
        {
            lock (gate)
                return entries.Values.Any(e => e.Held is not null);
        }
    }

    /// <summary>Takes in a reading.</summary>
    /// <param name="schedule">The plans that count, and all pending jobs.</param>
    /// <param name="now">When it was read.</param>
    /// <returns>For how long nodes were held whose plans have come to nothing.</returns>
    public IReadOnlyList<TimeSpan> Learn(Schedule schedule, DateTimeOffset now)
    {
        var plans = schedule.FirstOfEachNode();
        var pending = schedule.Jobs.Select(j => j.Id).ToHashSet();
        var wasted = new List<TimeSpan>();
        lock (gate)
        {
            interval = schedule.Interval;
            foreach (var (node, entry) in entries.ToList())
                if (IsOver(entry, plans.GetValueOrDefault(node), pending, now))
                {
                    entries.Remove(node);
                    if (entry.Held is not { } held)
                        continue;
                    inVain[node] = Math.Min(inVain.GetValueOrDefault(node) + 1, MostDoublings);
                    wasted.Add(now - held.Since);
                }
            foreach (var (node, plan) in plans)
                if (!entries.TryGetValue(node, out var entry))
                    entries[node] = new Entry(plan, now);
                else
                    Confirm(node, entry, plan, now);
        }
        return wasted;
    }

    /// <summary>The nodes that are to be held now, with what they are held for: when it was expected as they began to be held.</summary>
    /// <param name="now">The time.</param>
    /// <param name="planned">The nodes that are idle and planned now: no other begins to be held, and those that are stay so.</param>
    public IReadOnlyDictionary<string, Plan> Due(DateTimeOffset now, IReadOnlySet<string> planned)
    {
        lock (gate)
        {
            var due = entries
                .Where(e =>
                    e.Value.IsAgreed
                    && (e.Value.Held is not null || (planned.Contains(e.Key) && e.Value.Plan.Expected <= now + lead))
                    && now <= UntilOf(e.Value)
                )
                .ToList();
            foreach (var (_, entry) in due)
                entry.Held ??= (now, entry.Plan.Expected, UntilOf(entry));
            // What stands in the ledger does not change with each reading.
            return due.ToDictionary(
                e => e.Key,
                e => e.Value.Plan with { Expected = e.Value.Held!.Value.Expected, Until = e.Value.Held.Value.Until },
                StringComparer.Ordinal
            );
        }
    }

    /// <summary>A job has been given its nodes.</summary>
    /// <param name="jobs">Its numbers: its own, and its array's.</param>
    /// <param name="nodes">Its nodes.</param>
    /// <param name="now">The time.</param>
    /// <returns>For how long each of the nodes was held for it; none for a node that was not.</returns>
    public IReadOnlyList<TimeSpan> Started(IReadOnlyCollection<uint> jobs, IEnumerable<string> nodes, DateTimeOffset now)
    {
        var held = new List<TimeSpan>();
        lock (gate)
            foreach (var node in nodes)
                if (entries.TryGetValue(node, out var entry) && jobs.Contains(entry.Plan.Job))
                {
                    entries.Remove(node);
                    inVain.Remove(node);
                    if (entry.Held is { } own)
                        held.Add(now - own.Since);
                }
        return held;
    }

    private bool IsOver(Entry entry, Plan? plan, HashSet<uint> pending, DateTimeOffset now)
    {
        if (entry.Held is not null && now > UntilOf(entry))
            return true;
        if (plan is null)
            return !pending.Contains(entry.Plan.Job) || ++entry.Misses >= MissesBeforeTheEnd;
        return !IsSame(entry.Plan, plan) && !(entry.Held is not null && plan.Expected <= now + lead + interval);
    }

    // A start that slips by a little each time would keep its node for ever. But what is expected comes rather early.
    private DateTimeOffset UntilOf(Entry entry) => entry.Held?.Until ?? entry.Plan.Expected + (lead > s_patience ? lead : s_patience);

    private void Confirm(string node, Entry entry, Plan plan, DateTimeOffset now)
    {
        entry.Misses = 0;
        // What stands in the ledger is not written anew for a few seconds.
        entry.Plan = IsSame(entry.Plan, plan) ? plan with { Start = entry.Plan.Start } : plan;
        if (now - entry.First >= interval * (1 << inVain.GetValueOrDefault(node)))
            entry.IsAgreed = true;
    }

    private bool IsSame(Plan one, Plan other) => (one.Start - other.Start).Duration() <= interval;

    private sealed class Entry(Plan plan, DateTimeOffset first)
    {
        public Plan Plan { get; set; } = plan;

        public DateTimeOffset First { get; } = first;

        public int Misses { get; set; }

        public bool IsAgreed { get; set; }

        /// <summary>Since when it is held; what was expected then, and until when that is waited for.</summary>
        public (DateTimeOffset Since, DateTimeOffset Expected, DateTimeOffset Until)? Held { get; set; }
    }
}
