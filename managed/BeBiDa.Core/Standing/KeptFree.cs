using System.IO.Enumeration;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Standing;

/// <summary>Chooses the idle nodes that stay with Slurm (<c>nodes.keepFree</c>), so that a job finds some with no hand-over. One call at a time.</summary>
/// <remarks>
/// A chosen node stays chosen. If it has a job, or is planned for one, for longer than <see cref="Patience"/>, another takes its place:
/// many jobs are short, and plans change. That is the node that has been idle for the shortest time, whose pods have the least to lose.
/// </remarks>
/// <param name="configuration">How many nodes of which.</param>
/// <param name="time">The clock.</param>
public sealed class KeptFree(BebidaConfiguration configuration, TimeProvider time)
{
    private const NodeConditions Unfit =
        NodeConditions.Down
        | NodeConditions.Drain
        | NodeConditions.Fail
        | NodeConditions.Maintenance
        | NodeConditions.Reboot
        | NodeConditions.Power;

    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private readonly Dictionary<string, DateTimeOffset> idleSince = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> plannedAt = new(StringComparer.Ordinal);

    // Each with when it was idle last.
    private readonly Dictionary<string, DateTimeOffset> chosen = new(StringComparer.Ordinal);

    private bool hasChosen;

    /// <summary>For how long a chosen node may have a job before another is chosen in its place.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Chooses.</summary>
    /// <param name="state">Slurm's state.</param>
    /// <param name="before">The nodes that an earlier slurmctld had chosen, by Slurm's names: they are preferred.</param>
    /// <returns>The nodes that are to be held now: some may have a short job.</returns>
    public IReadOnlySet<string> Choose(SlurmConditions state, IEnumerable<string> before)
    {
        var now = time.GetUtcNow();
        var reserved = state
            .Reservations.Where(r => r.Begin <= now && r.End > now)
            .SelectMany(r => r.Nodes)
            .ToHashSet(StringComparer.Ordinal);
        var planned = state
            .Nodes.Where(n => (n.Conditions & NodeConditions.Planned) != 0)
            .Select(n => n.Name)
            .ToHashSet(StringComparer.Ordinal);
        // Backfill takes PLANNED off all nodes while it plans anew: none is chosen only because of that.
        foreach (var node in planned)
            plannedAt[node] = now;
        foreach (var (node, at) in plannedAt.ToList())
            if (now - at > Patience)
                plannedAt.Remove(node);
        var idle = state
            .Nodes.Where(n => IsIdle(n) && !reserved.Contains(n.Name))
            .Select(n => n.Name)
            .Where(policy.Counts)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var node in idleSince.Keys.Where(n => !idle.Contains(n)).ToList())
            idleSince.Remove(node);
        foreach (var node in idle)
            idleSince.TryAdd(node, now);
        if (!hasChosen)
            foreach (var node in before.Where(idle.Contains))
                chosen.TryAdd(node, now);
        hasChosen = true;
        foreach (var node in chosen.Keys.Where(n => idle.Contains(n) && !planned.Contains(n)).ToList())
            chosen[node] = now;
        // Only a job may leave it soon, and a plan may come to nothing.
        var busy = state.Nodes.Where(IsBusy).Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (node, last) in chosen.ToList())
            if (now - last > Patience || !(idle.Contains(node) || busy.Contains(node)))
                chosen.Remove(node);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (patterns, count) in configuration.Nodes.KeepFree)
            kept.UnionWith(Of(patterns.Split(','), count, idle));
        foreach (var node in chosen.Keys.Where(n => !kept.Contains(n)).ToList())
            chosen.Remove(node);
        foreach (var node in kept)
            chosen.TryAdd(node, now);
        return kept;
    }

    // Those that are chosen already, and then the least long idle.
    private IEnumerable<string> Of(string[] patterns, int count, HashSet<string> idle)
    {
        bool Matches(string node) => patterns.Any(p => FileSystemName.MatchesSimpleExpression(p.Trim(), node));

        return chosen
            .Keys.Where(Matches)
            .OrderByDescending(idle.Contains)
            .ThenBy(n => n, StringComparer.Ordinal)
            .Concat(
                idle.Where(n => !chosen.ContainsKey(n) && !plannedAt.ContainsKey(n) && Matches(n))
                    .OrderByDescending(n => idleSince[n])
                    .ThenBy(n => n, StringComparer.Ordinal)
            )
            .Take(count);
    }

    private static bool IsBusy(SlurmNode node) => (node.Conditions & (NodeConditions.Idle | Unfit)) == 0;

    private static bool IsIdle(SlurmNode node) => (node.Conditions & NodeConditions.Idle) != 0 && (node.Conditions & Unfit) == 0;
}
