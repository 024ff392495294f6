namespace BeBiDa.Site.Observation;

/// <summary>A node's state as one version of its object says it.</summary>
public sealed record NodeState(long Version, bool Schedulable, IReadOnlySet<string> Holds);

/// <summary>A state that a node had at some moment of a window.</summary>
public sealed record Sighting(string Node, NodeState State, Window Window);

/// <summary>
/// What is certain of each node. A read that was asked for at one time and answered at another shows a state that the node
/// had in between. A watch shows every version, but when it tells of one says only that it had been written by then; that
/// it had not been written earlier is known of the last read that shows a version before it. While the observer is cut off,
/// reads fail, and so the windows grow by themselves.
/// </summary>
public sealed class NodeHistory
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<(Window Window, NodeState State)>> reads = [];
    private readonly Dictionary<string, SortedDictionary<long, (DateTimeOffset Told, NodeState State)>> versions = [];

    /// <summary>A node as a read shows it.</summary>
    public void Read(string node, NodeState state, DateTimeOffset asked, DateTimeOffset answered)
    {
        lock (gate)
            Of(reads, node).Add((new Window(asked, answered), state));
    }

    /// <summary>A version of a node that the watch tells of.</summary>
    public void Told(string node, NodeState state, DateTimeOffset when)
    {
        lock (gate)
            Of(versions, node).TryAdd(state.Version, (when, state));
    }

    /// <summary>All sightings of a node, in the order of their windows' ends.</summary>
    public IReadOnlyList<Sighting> Of(string node)
    {
        lock (gate)
        {
            var seen = reads.GetValueOrDefault(node) ?? [];
            var told = versions.GetValueOrDefault(node) ?? [];
            return
            [
                .. seen.Select(read => new Sighting(node, read.State, read.Window))
                    .Concat(told.Values.Select(version => Bounded(node, seen, version.Told, version.State)).OfType<Sighting>())
                    .OrderBy(sighting => sighting.Window.To),
            ];
        }
    }

    /// <summary>Whether the hold of a job is part of what was seen.</summary>
    public static bool Holds(Sighting sighting, int job) =>
        sighting.State.Holds.Any(hold => hold.EndsWith($".{job}", StringComparison.Ordinal));

    // Without a read before it nothing says since when, so it is no evidence.
    private static Sighting? Bounded(string node, List<(Window Window, NodeState State)> reads, DateTimeOffset told, NodeState state)
    {
        var before = reads.FindLast(read => read.State.Version < state.Version);
        if (before.State is null)
            return null;
        var until =
            reads.Find(read => read.State.Version >= state.Version) is { State: not null } read && read.Window.To < told
                ? read.Window.To
                : told;
        return new Sighting(node, state, new Window(before.Window.From, until));
    }

    private static T Of<T>(Dictionary<string, T> all, string node)
        where T : new()
    {
        if (!all.TryGetValue(node, out var one))
            all[node] = one = new T();
        return one;
    }
}
