using System.IO.Enumeration;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Planning;

namespace BeBiDa.Standing;

/// <summary>What becomes of the pods of a node with a standing hold.</summary>
public enum Pods
{
    /// <summary>They stay; none are added.</summary>
    Stay,

    /// <summary>They leave with their own grace, and no disruption budget is exceeded.</summary>
    LeaveGently,

    /// <summary>They leave as for a job.</summary>
    Leave,
}

/// <summary>A hold that Slurm's state asks for.</summary>
/// <param name="Holder">One of <see cref="Holders"/>.</param>
/// <param name="Reason">Why, and until when.</param>
/// <param name="Pods">What becomes of the node's pods.</param>
/// <param name="Begin">When the node is needed; null for now.</param>
public sealed record StandingHold(string Holder, HoldReason Reason, Pods Pods, DateTimeOffset? Begin = null);

/// <summary>
/// The one rule that says which standing holds a node has to have. Slurm's state, the site's configuration and the time decide,
/// and nothing else.
/// </summary>
/// <param name="configuration">The site's configuration.</param>
public sealed class StandingRule(SlurmConfiguration configuration)
{
    // The value of an annotation is for people to read in a table, and free text of an admin's.
    private const int LongestReason = 120;

    /// <summary>The standing holds of every node that has to have any, by Slurm's name of the node.</summary>
    /// <param name="slurm">Slurm's state.</param>
    /// <param name="now">The time.</param>
    /// <param name="marks">The marks of nodes in Kubernetes (<see cref="MaintenanceRule.Marks"/>); null for none.</param>
    /// <param name="plans">The jobs that are to start soon (<see cref="PlanBook.Due"/>), by Slurm's name of the node; null for none.</param>
    /// <param name="keptFree">The nodes that stay with Slurm (<see cref="KeptFree.Choose"/>); null for none.</param>
    public IReadOnlyDictionary<string, IReadOnlyList<StandingHold>> Of(
        SlurmConditions slurm,
        DateTimeOffset now,
        IReadOnlyDictionary<string, MaintenanceMark>? marks = null,
        IReadOnlyDictionary<string, Plan>? plans = null,
        IReadOnlySet<string>? keptFree = null
    )
    {
        var soon = now + configuration.MaintenanceLead;
        var maintenance = slurm
            .Maintenance.Where(m => m.Begin <= soon && m.End > now)
            .SelectMany(m => m.Nodes.Select(node => (node, m)))
            .ToLookup(m => m.node, m => m.m, StringComparer.Ordinal);
        var wanted = new Dictionary<string, IReadOnlyList<StandingHold>>(StringComparer.Ordinal);
        foreach (var node in slurm.Nodes)
            if (
                Of(node, maintenance[node.Name], marks?.GetValueOrDefault(node.Name), now)
                    .Concat(For(plans?.GetValueOrDefault(node.Name), keptFree?.Contains(node.Name) == true))
                    .ToList() is
                { Count: > 0 } holds
            )
                wanted[node.Name] = holds;
        return wanted;
    }

    private static IEnumerable<StandingHold> For(Plan? plan, bool isKeptFree)
    {
        if (plan is not null)
            yield return new StandingHold(
                Holders.Planned,
                new HoldReason($"planned for job {plan.Job}", plan.Until),
                Pods.LeaveGently,
                plan.Expected
            );
        if (isKeptFree)
            yield return new StandingHold(Holders.Policy, new HoldReason("kept free for Slurm", null), Pods.LeaveGently);
    }

    private IEnumerable<StandingHold> Of(SlurmNode node, IEnumerable<Reservation> windows, MaintenanceMark? mark, DateTimeOffset now)
    {
        bool Is(NodeConditions condition) => (node.Conditions & condition) != 0;

        var reserved = Reserved(windows, Is(NodeConditions.Maintenance), now);
        // A mark asks pods to leave gently, and now; a window that has begun asks for more.
        if (mark is not null && reserved?.Pods != Pods.Leave)
            yield return new StandingHold(
                Holders.Maintenance,
                new HoldReason($"maintenance: {Short(mark.Reason)}", mark.Until),
                Pods.LeaveGently
            );
        else if (reserved is not null)
            yield return reserved;
        if (Is(NodeConditions.Reboot) && configuration.Reboot != OnState.Ignore)
            yield return Now(Holders.Reboot, "reboot", configuration.Reboot, node);
        if (Is(NodeConditions.Power) && configuration.PowerSaving != OnState.Ignore)
            yield return Now(Holders.Power, "power saving", configuration.PowerSaving, node with { Reason = "" });
        if (Is(NodeConditions.Fail) && configuration.Fail != OnState.Ignore)
            yield return Now(Holders.Fail, "FAIL", configuration.Fail, node);
        // A node that reboots or is powered down is DOWN on its way, and that is no failure.
        var isDown = Is(NodeConditions.Down) && !Is(NodeConditions.Reboot | NodeConditions.Power);
        if (isDown && OnReason(node, configuration.Down) is var down and not OnState.Ignore)
            yield return Now(Holders.Down, "DOWN", down, node);
        // What is drained for its mark in Kubernetes is held for that already, whatever the reason looks like.
        if (
            !isDown
            && Is(NodeConditions.Drain)
            && !MaintenanceRule.IsOurs(node.Reason)
            && OnReason(node, configuration.Drain) is var drain and not OnState.Ignore
        )
            yield return Now(Holders.Drain, "DRAIN", drain, node);
    }

    private StandingHold? Reserved(IEnumerable<Reservation> windows, bool isInOne, DateTimeOffset now)
    {
        // The earliest counts: one window may follow another.
        var window = windows.MinBy(m => m.Begin);
        if (configuration.Maintenance == OnState.Ignore || (window is null && !isInOne))
            return null;
        var begun = window is null || window.Begin <= now;
        var pods =
            configuration.Maintenance == OnState.Hold ? Pods.Stay
            : begun ? Pods.Leave
            : Pods.LeaveGently;
        var why = window is null ? "maintenance" : $"reservation {Short(window.Name)}";
        return new StandingHold(Holders.Maintenance, new HoldReason(why, window?.End), pods, begun ? null : window!.Begin);
    }

    private OnState OnReason(SlurmNode node, OnState otherwise) =>
        !MaintenanceRule.IsOrWasOurs(node.Reason)
        && configuration.BadReasons.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, node.Reason))
            ? OnState.Evict
            : otherwise;

    private static StandingHold Now(string holder, string state, OnState then, SlurmNode node) =>
        new(
            holder,
            new HoldReason(node.Reason.Length == 0 ? state : $"{state}: {Short(node.Reason)}", null),
            then == OnState.Evict ? Pods.Leave : Pods.Stay
        );

    // Not between the two halves of a character.
    private static string Short(string text) =>
        text.Length <= LongestReason
            ? text
            : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestReason - 1]) ? LongestReason - 1 : LongestReason), "…");
}
