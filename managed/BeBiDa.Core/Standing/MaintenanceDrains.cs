using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Standing;

/// <summary>
/// Drains and undrains nodes in Slurm as <see cref="MaintenanceRule"/> says. What Slurm refuses is told once, and tried again at
/// the next look.
/// </summary>
/// <param name="slurm">Slurm.</param>
/// <param name="logger">Where to tell.</param>
internal sealed class MaintenanceDrains(ISlurmChanges slurm, ILogger logger)
{
    // What a command line holds with ease.
    private const int MostNames = 500;

    private readonly Lock gate = new();
    private readonly HashSet<(RepairAction Action, string Node, string Reason)> told = [];

    /// <summary>Makes differences good, once.</summary>
    public async Task<IReadOnlyList<RepairOutcome>> ApplyAsync(IReadOnlyList<Repair> changes, CancellationToken cancellationToken)
    {
        var outcomes = new List<RepairOutcome>();
        foreach (var group in changes.GroupBy(c => (c.Action, Reason: c.Hold.Reason!.Why)))
        foreach (var some in group.Chunk(MostNames))
            if (await ChangeAsync(some, cancellationToken).ConfigureAwait(false) is not { } refused)
                outcomes.AddRange(some.Select(Done));
            else if (some.Length == 1)
                outcomes.Add(Failed(some[0], refused));
            else
                // One that Slurm refuses must not keep the others from it.
                foreach (var one in some)
                    outcomes.Add(
                        await ChangeAsync([one], cancellationToken).ConfigureAwait(false) is { } problem ? Failed(one, problem) : Done(one)
                    );
        return outcomes;
    }

    private Task<string?> ChangeAsync(IReadOnlyList<Repair> changes, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> nodes = [.. changes.Select(c => c.Node)];
        return changes[0].Action == RepairAction.Drain
            ? slurm.DrainAsync(nodes, changes[0].Hold.Reason!.Why, cancellationToken)
            : slurm.UndrainAsync(nodes, MaintenanceRule.Ended, cancellationToken);
    }

    private RepairOutcome Done(Repair change)
    {
        lock (gate)
            told.Remove(KeyOf(change));
        if (change.Action == RepairAction.Drain)
            logger.DrainedForMaintenance(change.Node, change.Hold.Reason!.Why);
        else
            logger.UndrainedAfterMaintenance(change.Node, change.Why);
        return new RepairOutcome(change, null);
    }

    private RepairOutcome Failed(Repair change, string cause)
    {
        var isDrain = change.Action == RepairAction.Drain;
        var reason = change.Hold.Reason!.Why;
        var problem =
            $"node {change.Node}: cannot {(isDrain ? "drain" : "undrain")} it in Slurm ({reason}): {cause}; run: scontrol update NodeName={change.Node} "
            + (isDrain ? $"State=DRAIN Reason=\"{reason}\"" : "State=UNDRAIN");
        bool isNew;
        lock (gate)
            isNew = told.Add(KeyOf(change));
        if (isNew)
            logger.NotChangedForMaintenance(problem);
        return new RepairOutcome(change, problem);
    }

    private static (RepairAction Action, string Node, string Reason) KeyOf(Repair change) =>
        (change.Action, change.Node, change.Hold.Reason!.Why);
}
