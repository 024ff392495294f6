using System.Collections.ObjectModel;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Metrics;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Planning;

/// <summary>Follows Slurm's plans, and says which nodes are to be held for them (the standing hold <c>planned</c>).</summary>
/// <remarks>
/// A list of all jobs costs slurmctld what a <c>squeue</c> does, and this process as much again. So they are read only while a lent
/// node is PLANNED or held for a plan, or a reservation begins soon, and at most once in each of backfill's intervals.
/// </remarks>
/// <param name="slurm">Slurm's plans.</param>
/// <param name="configuration">How long before a job's expected start its nodes are held, and which nodes are lent.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where to tell.</param>
/// <param name="instruments">Where to count; may be null.</param>
/// <param name="freeTimes">Who is told of how long nodes stay free; null for nobody.</param>
public sealed class Foresight(
    ISlurmPlans slurm,
    BebidaConfiguration configuration,
    TimeProvider time,
    ILogger logger,
    Instruments? instruments = null,
    FreeTimes? freeTimes = null
)
{
    // As many times as long as a reading took.
    private const int Rest = 199;

    // In intervals, however slowly slurmctld answers.
    private const int LongestRest = 10;

    // Two agree, and one may come while backfill plans anew.
    private const int ReadingsToKnow = 3;

    private readonly Runtimes runtimes = new();
    private readonly PlanBook book = new(configuration.Nodes.Lead);
    private readonly JobPolicy policy = new(configuration.Jobs, configuration.Nodes);
    private TimeSpan interval = TimeSpan.FromSeconds(30);
    private DateTimeOffset next = DateTimeOffset.MinValue;
    private volatile int readings;
    private Schedule? last;

    /// <summary>Whether this has read plans often enough to know those that an earlier slurmctld held nodes for.</summary>
    internal bool KnowsAll => readings >= ReadingsToKnow;

    /// <summary>Whether a hold for a plan is to stay that nothing here has asked for: one that an earlier slurmctld wrote.</summary>
    /// <param name="hold">The hold, as the ledger shows it.</param>
    /// <param name="now">The time.</param>
    internal static bool IsYoung(Hold hold, DateTimeOffset now) => hold.Reason?.Until is { } end && now < end;

    /// <summary>Reads the plans, if that is due. What cannot be read now is read the next time. One call at a time.</summary>
    /// <param name="state">The nodes and reservations, just read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task LookAsync(SlurmConditions state, CancellationToken cancellationToken)
    {
        // At the start in any case: nodes may be held for the plans of an earlier slurmctld.
        var isNeeded = !KnowsAll || book.IsHolding || state.Nodes.Any(IsPlanned) || state.Reservations.Any(BeginsSoon);
        if (isNeeded && time.GetUtcNow() >= next)
            await ReadAsync(state, cancellationToken).ConfigureAwait(false);
        if (freeTimes is not null && last is not null)
            // Where no idle node is planned, there is nothing to read.
            await freeTimes.LearnAsync(state, isNeeded ? last : last with { Jobs = [] }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The nodes that are to be held now, by Slurm's names, with what they are held for.</summary>
    /// <param name="state">The nodes and reservations, just read.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyDictionary<string, Plan> Due(SlurmConditions state, DateTimeOffset now)
    {
        if (configuration.Nodes.Lead == TimeSpan.Zero)
            return ReadOnlyDictionary<string, Plan>.Empty;
        var reserved = state
            .Reservations.Where(r => r.Begin > now)
            .SelectMany(r => r.Nodes)
            .Where(policy.Counts)
            .ToHashSet(StringComparer.Ordinal);
        // A node with a job is held, or that job may keep it in Kubernetes.
        return book.Due(
            now,
            state
                .Nodes.Where(n => (n.Conditions & NodeConditions.Idle) != 0 && (IsPlanned(n) || reserved.Contains(n.Name)))
                .Select(n => n.Name)
                .ToHashSet(StringComparer.Ordinal)
        );
    }

    /// <summary>A job has been given its nodes.</summary>
    internal void Started(Job job)
    {
        foreach (var held in book.Started(job.Array is { } array ? [job.Id, array] : [job.Id], job.Nodes, time.GetUtcNow()))
            instruments?.PlanKept(held);
    }

    private async Task ReadAsync(SlurmConditions state, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        next = time.GetUtcNow() + interval;
        try
        {
            var read = await slurm.ReadAsync(cancellationToken).ConfigureAwait(false);
            runtimes.Learn(read.Ended);
            read = runtimes.Expect(read, time.GetUtcNow());
            interval = read.Interval;
            foreach (var held in book.Learn(Counting(read, state.Reservations), time.GetUtcNow()))
                instruments?.PlanWasted(held);
            var rest = time.GetElapsedTime(started) * Rest;
            rest =
                rest < interval ? interval
                : rest > interval * LongestRest ? interval * LongestRest
                : rest;
            next = time.GetUtcNow() + rest;
            // One reading must not agree with itself.
            last = read with
            {
                Interval = rest,
                Running = [],
                Ended = [],
            };
            readings++;
        }
        catch (JobsUnknownException e)
        {
            logger.WorkRetried("reading Slurm's plans", e.Message);
        }
    }

    private bool IsPlanned(SlurmNode node) => (node.Conditions & NodeConditions.Planned) != 0 && policy.Counts(node.Name);

    // Backfill plans no job that waits for a reservation, so no node of it is PLANNED.
    private bool BeginsSoon(Reservation reservation)
    {
        var now = time.GetUtcNow();
        return reservation.Begin > now
            && reservation.Begin <= now + configuration.Nodes.Lead + (interval * 3)
            && reservation.Nodes.Any(policy.Counts);
    }

    // A job that may keep its nodes in Kubernetes may do so, and what it asks for is not known before it starts.
    private Schedule Counting(Schedule schedule, IEnumerable<Reservation> reservations)
    {
        var now = time.GetUtcNow();
        var free = reservations
            .Where(r => r.Begin > now)
            .ToDictionary(r => r.Name, r => (r.Begin, Nodes: new Queue<string>(r.Nodes)), StringComparer.Ordinal);
        return schedule with
        {
            Jobs =
            [
                .. schedule.Jobs.Select(job =>
                    !policy.TakesNodes(job.User, job.Account, job.Partitions) ? new PendingJob(job.Id)
                    : job.Start is null && free.TryGetValue(job.Reservation, out var reserved) ? InReservation(job, reserved)
                    : job
                ),
            ],
        };
    }

    // slurmctld chooses among the nodes as it starts a job, and takes the first that will do.
    private static PendingJob InReservation(PendingJob job, (DateTimeOffset Begin, Queue<string> Nodes) reserved)
    {
        var nodes = new List<string>();
        while (nodes.Count < job.NodeCount && reserved.Nodes.TryDequeue(out var node))
            nodes.Add(node);
        return job with { Start = reserved.Begin, Nodes = nodes };
    }
}
