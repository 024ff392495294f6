namespace BeBiDa.Accounts;

/// <summary>The figures of an account, node by node and day by day.</summary>
/// <param name="since">Where the account begins; null for wherever <see cref="Begin"/> is set to.</param>
/// <param name="until">Where it ends.</param>
/// <param name="zone">Whose days are counted.</param>
internal sealed class DayBook(DateTimeOffset? since, DateTimeOffset until, TimeZoneInfo zone)
{
    private readonly CalendarDays days = new(zone);
    private readonly Dictionary<(string Node, string Partitions, DateOnly Day), Tally> tallies = [];

    /// <summary>Where the account begins.</summary>
    public DateTimeOffset? Begin { get; set; } = since;

    /// <summary>The figures; a node whose partitions have changed has some for each set of them.</summary>
    public IReadOnlyDictionary<(string Node, string Partitions, DateOnly Day), Tally> Tallies => tallies;

    /// <summary>Adds some time of a node, as far as it is within the account.</summary>
    public void Add(string node, string partitions, NodeUse use, DateTimeOffset from, DateTimeOffset to, int pods)
    {
        from = Begin > from ? Begin.Value : from;
        to = until < to ? until : to;
        while (from < to)
        {
            var (day, end) = days.Of(from);
            var next = end < to ? end : to;
            TallyOf(node, partitions, day).Add(use, (next - from).TotalSeconds, pods);
            from = next;
        }
    }

    /// <summary>Adds a pod that was evicted.</summary>
    public void AddEvicted(string node, string partitions, double lived, DateTimeOffset when) =>
        TallyOf(node, partitions, days.Of(when).Day).AddEvicted(lived);

    /// <summary>Whether a moment is within the account.</summary>
    public bool IsWithin(DateTimeOffset time) => time >= Begin && time < until;

    /// <summary>How much of some time is within the account.</summary>
    public TimeSpan Within(DateTimeOffset from, DateTimeOffset to)
    {
        var length = (until < to ? until : to) - (Begin > from ? Begin.Value : from);
        return length > TimeSpan.Zero ? length : TimeSpan.Zero;
    }

    private Tally TallyOf(string node, string partitions, DateOnly day)
    {
        if (!tallies.TryGetValue((node, partitions, day), out var tally))
            tallies[(node, partitions, day)] = tally = new Tally();
        return tally;
    }
}
