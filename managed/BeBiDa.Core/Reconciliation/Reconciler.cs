using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Logs;
using BeBiDa.Metrics;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Reconciliation;

/// <summary>Makes the holds of all nodes agree with Slurm's jobs and its nodes' states: both of holds that are left, and of those that are lost.</summary>
/// <remarks>
/// Jobs begin and end, and hooks hold and release, while this looks and writes. Four rules make that harmless.
/// <list type="number">
/// <item>The holds are read before the jobs. A hold is written after its job was allocated; so a job whose hold was seen
/// and of which Slurm then knows nothing has ended, and is not one that was about to begin.</item>
/// <item>What is to be repaired has been seen twice, holds, jobs, holds, jobs, with the same facts. A job that seems to
/// lack its hold because it began after the first look at the holds has it at the second; one that seems to lack it
/// because it ended before that is not among the jobs at the end. A hold that was written anew in between has another
/// time, and is another fact.</item>
/// <item>A node that one job is to hold and another to release is held first, and released at a later look.</item>
/// <item>After repairs it looks again, until nothing is left to repair. So a job that ended while it was held again is
/// released, and one that Slurm had requeued and started again while it was released is held again.</item>
/// </list>
/// A job's holds are one field manager's, whoever writes them: two reconcilers, or one and a hook, write the same.
/// </remarks>
public sealed class Reconciler
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private readonly ILedger ledger;
    private readonly IJobs jobs;
    private readonly ICluster cluster;
    private readonly HandOvers handOvers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Differences differences;
    private readonly Instruments? instruments;
    private readonly StandingHolds? standing;
    private readonly Lingering? lingering;

    // Whether the last look found a job that does not hold its node, though a hand-over may be about it.
    private bool isHoldMissing;

    /// <summary>Gets ready; nothing is asked yet.</summary>
    /// <param name="ledger">The holds.</param>
    /// <param name="jobs">Slurm.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="handOvers">Who takes nodes for jobs; inside slurmctld, the hooks' own, so that a job's epilog ends its decommission.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    /// <param name="standing">Who writes standing holds; null where they are not looked at.</param>
    /// <param name="lingering">What keeps nodes for the next job; null where that is another process.</param>
    public Reconciler(
        ILedger ledger,
        IJobs jobs,
        ICluster cluster,
        HandOvers handOvers,
        BebidaConfiguration configuration,
        TimeProvider time,
        ILogger logger,
        Instruments? instruments = null,
        StandingHolds? standing = null,
        Lingering? lingering = null
    )
    {
        this.instruments = instruments;
        this.standing = standing;
        this.lingering = lingering;
        this.ledger = ledger;
        this.jobs = jobs;
        this.cluster = cluster;
        this.handOvers = handOvers;
        this.time = time;
        this.logger = logger;
        differences = new Differences(configuration);
    }

    /// <summary>What is to be repaired now; changes nothing.</summary>
    /// <exception cref="ClusterException">The holds cannot be read.</exception>
    /// <exception cref="JobsUnknownException">The jobs cannot be read.</exception>
    public async Task<IReadOnlyList<Repair>> PlanAsync(CancellationToken cancellationToken) =>
        (await LookTwiceAsync(cancellationToken).ConfigureAwait(false)).Repairs;

    /// <summary>Repairs until nothing is left to repair.</summary>
    /// <param name="budget">How long it may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ReconcileResult> RepairAsync(TimeSpan budget, CancellationToken cancellationToken)
    {
        var result = await RepairUntilDoneAsync(budget, cancellationToken).ConfigureAwait(false);
        if (result.Succeeded && !isHoldMissing)
            lingering?.Begin();
        instruments?.Reconciled(result, time.GetUtcNow());
        return result;
    }

    private async Task<ReconcileResult> RepairUntilDoneAsync(TimeSpan budget, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var outcomes = new Dictionary<Repair, RepairOutcome>();
        var given = new HashSet<Repair>();
        try
        {
            for (var pauses = new Backoff(FirstPause, LongestPause); ; )
            {
                var plan = await LookTwiceAsync(cancellationToken).ConfigureAwait(false);
                // What could not be done a moment ago, and is no difference any more, someone else has done.
                foreach (
                    var repair in outcomes
                        .Keys.Except(plan.Repairs)
                        .Where(r => r.Action == RepairAction.LeaveAlone || (outcomes[r].Problem is not null && !given.Contains(r)))
                        .ToList()
                )
                    outcomes.Remove(repair);
                foreach (var alone in plan.Repairs.Where(r => r.Action == RepairAction.LeaveAlone))
                    outcomes[alone] = new RepairOutcome(alone, null);
                // A job may take nodes over from another one (expansion): none of them is released before its hold is there.
                var toBeHeld = plan
                    .Repairs.Where(r => r.Action == RepairAction.Hold)
                    .Select(r => r.KubernetesNode.Uid)
                    .ToHashSet(StringComparer.Ordinal);
                var open = plan
                    .Repairs.Where(r =>
                        r.Action != RepairAction.LeaveAlone
                        && !given.Contains(r)
                        && (r.Action is RepairAction.Hold or RepairAction.Drain || !toBeHeld.Contains(r.KubernetesNode.Uid))
                    )
                    .ToList();
                if (open.Count == 0)
                    return new ReconcileResult([.. outcomes.Values], null);
                var left = budget - time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero)
                    return new ReconcileResult(
                        [
                            .. outcomes.Values,
                            .. open.Where(r => outcomes.GetValueOrDefault(r)?.Problem is null)
                                .Select(r => new RepairOutcome(r, $"timed out after {Duration.Format(budget)}")),
                        ],
                        null
                    );

                var changes = ChangeAsync([.. open.Where(IsOfSlurm)], given, cancellationToken);
                var ofState = open.Where(r => !r.Hold.Key.IsJob && !IsOfSlurm(r))
                    .Select(r => ApplyStandingAsync(r, given, cancellationToken));
                var releases = open.Where(r => r.Hold.Key.IsJob && r.Action == RepairAction.Release)
                    .Select(r => ReleaseAsync(r, given, cancellationToken));
                var holds = open.Where(r => r.Hold.Key.IsJob && r.Action == RepairAction.Hold)
                    .GroupBy(r => r.Hold.Key.JobId)
                    .Select(r => HoldAsync(plan.Jobs[r.Key], [.. r], given, left, cancellationToken));
                var done = (await Task.WhenAll([changes, .. ofState, .. releases, .. holds]).ConfigureAwait(false))
                    .SelectMany(o => o)
                    .ToDictionary(o => o.Repair);
                // In the order of the plan, in which they are told.
                foreach (var repair in open.Where(done.ContainsKey))
                    outcomes[repair] = done[repair];
                await pauses.WaitAsync(time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is ClusterException or JobsUnknownException)
        {
            return new ReconcileResult([.. outcomes.Values], e.Message);
        }
    }

    private async Task<(IReadOnlyList<Repair> Repairs, IReadOnlyDictionary<uint, SlurmJob> Jobs)> LookTwiceAsync(
        CancellationToken cancellationToken
    )
    {
        var (first, seen) = await LookAsync(cancellationToken).ConfigureAwait(false);
        if (first.Count == 0)
            return (first, seen);
        var (second, now) = await LookAsync(cancellationToken).ConfigureAwait(false);
        return ([.. second.Intersect(first)], now);
    }

    private async Task<(IReadOnlyList<Repair> Repairs, IReadOnlyDictionary<uint, SlurmJob> Jobs)> LookAsync(
        CancellationToken cancellationToken
    )
    {
        var written = standing?.Writes ?? 0;
        var holds = await ledger.ReadAsync(cancellationToken).ConfigureAwait(false);
        var known = await jobs.ListAsync(cancellationToken).ConfigureAwait(false);
        instruments?.Looked(holds.Where(differences.Counts), known.Cluster);
        IReadOnlyList<Repair> ofState = standing is null
            ? []
            : await standing.DifferencesAsync(holds, written, cancellationToken).ConfigureAwait(false);
        var ofJobs = differences.Between(holds, known, IsRelayed);
        var missing = ofJobs.Where(r => r.Action == RepairAction.Hold).Select(r => r.KubernetesNode.Uid).ToHashSet(StringComparer.Ordinal);
        isHoldMissing = missing.Count > 0;
        // What a hand-over of this process is about, it will do, or is being tried already. But what a job may lean on stays.
        return (
            [
                .. ofJobs.Where(r => !IsUnderWay(r)),
                .. ofState.Where(r =>
                    r is not { Action: RepairAction.Release, Hold.Key.Holder: Holders.Linger } || !missing.Contains(r.KubernetesNode.Uid)
                ),
            ],
            known.Jobs.ToDictionary(j => j.Id)
        );
    }

    private bool IsUnderWay(Repair repair)
    {
        if (!handOvers.IsUnderWay(repair.Hold.Key))
            return false;
        // Its hold is there and the node is schedulable all the same: the hand-over does not write it again.
        if (repair is { Action: RepairAction.Hold, Hold.Since: not null })
            handOvers.LookAfter(repair.Hold.Key);
        return true;
    }

    private bool IsRelayed(HoldKey job, ClusterNode node, Hold lease) =>
        lingering is null ? Lingering.Covers(lease, time.GetUtcNow()) : lingering.IsRelayed(job, node);

    private static bool IsOfSlurm(Repair repair) => repair.Action is RepairAction.Drain or RepairAction.Undrain;

    // Together: each request waits for slurmctld on a thread, and there may be thousands of nodes.
    private async Task<IReadOnlyList<RepairOutcome>> ChangeAsync(
        IReadOnlyList<Repair> changes,
        HashSet<Repair> given,
        CancellationToken cancellationToken
    )
    {
        if (changes.Count == 0)
            return [];
        var outcomes = await standing!.ChangeAsync(changes, cancellationToken).ConfigureAwait(false);
        Give(given, outcomes.Where(outcome => outcome.Problem is not null).Select(outcome => outcome.Repair));
        return outcomes;
    }

    private async Task<IReadOnlyList<RepairOutcome>> ApplyStandingAsync(
        Repair repair,
        HashSet<Repair> given,
        CancellationToken cancellationToken
    )
    {
        var outcome = await standing!.ApplyAsync(repair, cancellationToken).ConfigureAwait(false);
        // Whatever its look every few seconds has not written either.
        if (outcome.Problem is not null)
            Give(given, [repair]);
        return [outcome];
    }

    // Not as a recommission: that would end a decommission of the job's, should Slurm have requeued it and start it now.
    // Nor tried again as it is: the next look at Slurm decides.
    private async Task<IReadOnlyList<RepairOutcome>> ReleaseAsync(Repair repair, HashSet<Repair> given, CancellationToken cancellationToken)
    {
        var job = repair.Hold.Key;
        var began = time.GetTimestamp();
        try
        {
            await cluster.ReleaseAsync(repair.KubernetesNode, job, cancellationToken).ConfigureAwait(false);
            logger.NodeReleased(
                job.JobId,
                repair.Node,
                repair.Why,
                new LogTail(LogTail.Release, LogTail.Done, job.Job, time.GetElapsedTime(began), repair.Node)
            );
            return [new RepairOutcome(repair, null)];
        }
        catch (ClusterException e)
        {
            logger.NodeNotReleased(job.JobId, repair.Node, e.Message);
            if (e.Fault is ClusterFault.Refused or ClusterFault.Forbidden)
                Give(given, [repair]);
            return [new RepairOutcome(repair, $"node {repair.Node}: cannot release it from job {job.JobId}: {e.Message}")];
        }
    }

    private async Task<IReadOnlyList<RepairOutcome>> HoldAsync(
        SlurmJob job,
        IReadOnlyList<Repair> repairs,
        HashSet<Repair> given,
        TimeSpan budget,
        CancellationToken cancellationToken
    )
    {
        foreach (var repair in repairs)
            logger.NodeTakenAgain(job.Id, repair.Node, repair.Why);
        var taken = await handOvers
            .DecommissionAsync(job.In(repairs[0].Hold.Key.Cluster, [.. repairs.Select(r => r.Node)]) with { IsRepair = true }, budget)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        if (taken.Succeeded)
            return [.. repairs.Select(r => new RepairOutcome(r, null))];
        // It has tried for as long as there was time, or was refused.
        Give(given, repairs);
        return [.. repairs.Select(r => new RepairOutcome(r, Why(r, job, taken.Problems)))];
    }

    private static string Why(Repair repair, SlurmJob job, IReadOnlyList<Problem> problems)
    {
        var own = problems.FirstOrDefault(p => p.Node == repair.Node);
        return own?.ToString() ?? $"node {repair.Node}: cannot take it for job {job.Id}: {string.Join("; ", problems)}";
    }

    private static void Give(HashSet<Repair> given, IEnumerable<Repair> repairs)
    {
        lock (given)
            given.UnionWith(repairs);
    }
}
