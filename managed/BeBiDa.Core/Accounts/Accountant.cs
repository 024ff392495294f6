namespace BeBiDa.Accounts;

/// <summary>Adds up a journal, line by line.</summary>
/// <remarks>
/// Durations come from the journal's own clock alone. What it calls the time of day is taken from the host's clock where a run
/// begins and wherever that clock was set: a step of it moves what comes after, and neither adds nor loses anything.
/// </remarks>
/// <param name="since">Where the account begins; null for the first line.</param>
/// <param name="until">Where it ends.</param>
/// <param name="zone">Whose days are counted.</param>
public sealed class Accountant(DateTimeOffset? since, DateTimeOffset until, TimeZoneInfo zone)
{
    // An NTP daemon slews a clock; less than this is not worth a cut.
    private const double Step = 1;

    private readonly DayBook book = new(since, until, zone);
    private readonly Dictionary<string, OpenNode> nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> inKubernetes = new(StringComparer.Ordinal);
    private readonly HashSet<string> notInKubernetes = new(StringComparer.Ordinal);
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly List<(double Seconds, string Node)> evicted = [];
    private readonly Dictionary<(string Job, DateTimeOffset Began), Dictionary<string, double>> waits = [];
    private readonly List<string> ended = [];
    private readonly Dictionary<string, DateTimeOffset> ownGaps = new(StringComparer.Ordinal);
    private JournalLine? last;
    private JournalLine? anchor;
    private string boot = "";
    private double interval = 5;
    private bool isSnapshot;
    private DateTimeOffset gap;
    private Dictionary<string, string> before = [];
    private double waitsUnknown;
    private double waitsSince;

    /// <summary>Takes in the next line; lines of one run in the order in which they were written.</summary>
    public void Read(JournalLine line)
    {
        if (last is null || line.Run != last.Run)
            BeginRun(line);
        else
            Continue(line);
        last = line;
        switch (line.Event)
        {
            case JournalLine.Changed when line is { Node: not null, Slurm: not null }:
                Change(line, line.Node);
                break;
            case JournalLine.Gone when line.Node is not null:
                if (nodes.Remove(line.Node, out var gone))
                {
                    Close(line.Node, gone, line.Clock);
                    Settle(line.Node, gone);
                }
                break;
            case JournalLine.Back or JournalLine.Away when line.Source is not null:
                Turn(line, line.Source);
                break;
            case JournalLine.PodLeft when line is { Node: not null, Seconds: not null } && book.IsWithin(WallOf(line.Clock)):
                if (line.Evicted == true)
                    AddEvicted(line.Node, line.Seconds.Value, WallOf(line.Clock));
                else
                    ended.Add(line.Node);
                break;
            case JournalLine.Taken when line is { Node: not null, Job: not null, Began: not null, Seconds: not null }:
                AddWait(line.Node, line.Job, line.Began.Value, line.Seconds.Value);
                break;
        }
    }

    /// <summary>Ends the account.</summary>
    /// <param name="by">What its rows are to be.</param>
    public Account Close(Grouping by)
    {
        var end = until;
        if (last is not null)
        {
            CloseAll(last.Clock);
            CountWaits(last.Clock);
            var reached = WallOf(last.Clock);
            foreach (var (name, partitions) in before.Where(b => isSnapshot && !nodes.ContainsKey(b.Key)))
                book.Add(name, partitions, NodeUse.Unknown, GapOf(name), reached, 0);
            if (until - reached > JournalLine.LongestSilence)
            {
                foreach (var (name, node) in nodes)
                    book.Add(name, node.Partitions, NodeUse.Unknown, reached, until, 0);
                waitsUnknown += book.Within(reached, until).TotalSeconds;
            }
            // What has just happened is not written yet.
            else if (reached < until)
            {
                end = reached;
            }
        }
        var counted = book.Tallies.Where(t => Counts(t.Key.Node)).ToList();
        return new Account(
            book.Begin ?? until,
            end,
            counted.Select(t => t.Key.Node).Distinct(StringComparer.Ordinal).Count(),
            book.Tallies.Keys.Select(k => k.Node).Distinct(StringComparer.Ordinal).Count(node => !Counts(node)),
            Tally.Sum(counted.Select(t => t.Value)),
            by,
            AccountRow.Of(
                by switch
                {
                    Grouping.Node => counted.Select(t => (t.Key.Node, t.Value)),
                    Grouping.Partition => counted.SelectMany(t => t.Key.Partitions.Split(',').Select(partition => (partition, t.Value))),
                    _ => counted.Select(t => (AccountRow.KeyOf(t.Key.Day), t.Value)),
                }
            ),
            Durations.Of(evicted.Where(e => Counts(e.Node)).Select(e => e.Seconds)),
            ended.Count(Counts),
            // A job waits for the last of its nodes.
            Durations.Of(waits.Values.Select(all => all.Values.Max())),
            waitsUnknown
        );
    }

    private void BeginRun(JournalLine line)
    {
        if (last is null)
        {
            gap = book.Begin ??= line.Time;
            waitsUnknown += book.Within(gap, line.Time).TotalSeconds;
        }
        else
        {
            CloseAll(last.Clock);
            CountWaits(last.Clock);
            // Between two runs nobody recorded. Within one start of the host, the journal's clock knows for how long.
            var length = line.Boot == boot ? TimeSpan.FromSeconds(Math.Max(0, line.Clock - last.Clock)) : line.Time - WallOf(last.Clock);
            var from = line.Time - (length > TimeSpan.Zero ? length : TimeSpan.Zero);
            waitsUnknown += book.Within(from, line.Time).TotalSeconds;
            if (isSnapshot)
            {
                // Slurm never answered that run. It has told of nodes that were known before, and maybe not of all: what it has told
                // of is counted.
                foreach (var (name, node) in nodes)
                    (before[name], ownGaps[name]) = (node.Partitions, from);
            }
            else
            {
                before = nodes.ToDictionary(n => n.Key, n => n.Value.Partitions, StringComparer.Ordinal);
                ownGaps.Clear();
                gap = from;
            }
        }
        waitsSince = line.Clock;
        boot = line.Boot ?? "";
        interval = line.Interval ?? interval;
        anchor = line;
        isSnapshot = true;
        nodes.Clear();
        known.Clear();
    }

    private void Continue(JournalLine line)
    {
        var silence = line.Clock - last!.Clock;
        if (silence > JournalLine.LongestSilence.TotalSeconds)
        {
            // The process stood still, or the host slept.
            CloseAll(last.Clock);
            CountWaits(last.Clock);
            foreach (var (name, node) in nodes)
                Add(name, node.Partitions, NodeUse.Unknown, last.Clock, line.Clock, 0);
            foreach (var node in nodes.Values)
                node.Since = line.Clock;
            waitsUnknown += book.Within(WallOf(last.Clock), WallOf(line.Clock)).TotalSeconds;
            waitsSince = line.Clock;
        }
        if (Math.Abs((line.Time - WallOf(line.Clock)).TotalSeconds) > Step)
        {
            CloseAll(line.Clock);
            CountWaits(line.Clock);
            anchor = line;
        }
    }

    private void Change(JournalLine line, string name)
    {
        if (line.Kubernetes is not null)
            inKubernetes.Add(name);
        if (nodes.TryGetValue(name, out var node))
        {
            Close(name, node, line.Clock);
            // Slurm is asked now and then, and Kubernetes tells at once when a job came or went: so that was when.
            var isAllocated = UseRule.IsAllocated(line.Slurm!);
            if (UseRule.IsAllocated(node.State) != isAllocated)
                Settle(name, node, UseRule.JobsOf(line.Kubernetes).Any() == isAllocated ? line.Slurm : null);
            else if (!UseRule.JobsOf(node.Kubernetes).SequenceEqual(UseRule.JobsOf(line.Kubernetes)))
                Settle(name, node);
        }
        else
        {
            nodes[name] = node = new OpenNode { Since = line.Clock, Partitions = line.Partitions ?? "" };
            // Those that a run finds when it begins were there before, as far as anybody knows.
            if (isSnapshot)
                book.Add(name, node.Partitions, NodeUse.Unknown, GapOf(name), WallOf(line.Clock), 0);
        }
        if (!UseRule.JobsOf(node.Kubernetes).SequenceEqual(UseRule.JobsOf(line.Kubernetes)))
            node.Turned = line.Clock;
        node.State = line.Slurm!;
        node.Kubernetes = line.Kubernetes;
        node.Partitions = line.Partitions ?? node.Partitions;
    }

    private void Turn(JournalLine line, string source)
    {
        isSnapshot &= source != Sources.Slurm;
        if (source == Sources.HandOvers)
            CountWaits(line.Clock);
        else
            CloseAll(line.Clock);
        if (line.Event == JournalLine.Back)
            known.Add(source);
        else
            known.Remove(source);
    }

    private void CloseAll(double clock)
    {
        foreach (var (name, node) in nodes)
        {
            Close(name, node, clock);
            Settle(name, node);
        }
    }

    // What was so since the last line about the node. Shortly after a job's hold came or went, Slurm's next answer says more.
    private void Close(string name, OpenNode node, double clock)
    {
        if (node.Turned is { } turned && clock - turned > interval * 2)
            Settle(name, node);
        var stretch = new NodeStretch(
            node.Since,
            clock,
            known.Contains(Sources.Slurm) ? node.State : null,
            node.Kubernetes,
            known.Contains(Sources.Kubernetes),
            node.Partitions
        );
        node.Since = clock;
        if (node.Turned is null)
            Add(name, stretch);
        else
            node.Unsettled.Add(stretch);
    }

    private void Settle(string name, OpenNode node, string? state = null)
    {
        foreach (var stretch in node.Unsettled)
            Add(name, state is null || stretch.State is null ? stretch : stretch with { State = state });
        node.Unsettled.Clear();
        node.Turned = null;
    }

    private void Add(string name, NodeStretch stretch)
    {
        var kubernetes = stretch.IsKubernetesKnown ? stretch.Kubernetes : null;
        if (stretch.IsKubernetesKnown && kubernetes is null)
            notInKubernetes.Add(name);
        var use = UseRule.Of(stretch.State, kubernetes, stretch.IsKubernetesKnown);
        Add(name, stretch.Partitions, use, stretch.From, stretch.To, use == NodeUse.Unknown ? 0 : kubernetes?.Pods ?? 0);
    }

    private void Add(string name, string partitions, NodeUse use, double from, double to, int pods)
    {
        if (to > from)
            book.Add(name, partitions, use, WallOf(from), WallOf(to), pods);
    }

    private void AddEvicted(string name, double lived, DateTimeOffset when)
    {
        evicted.Add((lived, name));
        book.AddEvicted(name, nodes.TryGetValue(name, out var node) ? node.Partitions : "", lived, when);
    }

    // A run may be told of hand-overs from before it began, and of some twice.
    private void AddWait(string node, string job, DateTimeOffset began, double seconds)
    {
        if (!book.IsWithin(began))
            return;
        if (!waits.TryGetValue((job, began), out var all))
            waits[(job, began)] = all = new Dictionary<string, double>(StringComparer.Ordinal);
        all[node] = seconds;
    }

    private void CountWaits(double clock)
    {
        if (!known.Contains(Sources.HandOvers))
            waitsUnknown += book.Within(WallOf(waitsSince), WallOf(clock)).TotalSeconds;
        waitsSince = clock;
    }

    private DateTimeOffset GapOf(string node) => ownGaps.GetValueOrDefault(node, gap);

    // One of which Kubernetes was never asked in all the time may be lent, for all that is known.
    private bool Counts(string node) => inKubernetes.Contains(node) || !notInKubernetes.Contains(node);

    private DateTimeOffset WallOf(double clock) => anchor!.Time + TimeSpan.FromSeconds(clock - anchor.Clock);
}
