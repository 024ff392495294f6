using System.Globalization;
using BeBiDa.Harvest.Traces;
using BeBiDa.Planning;

namespace BeBiDa.Harvest.Replay;

/// <summary>A node that was held before a planned job (<c>nodes.lead</c>).</summary>
/// <param name="Node">Its number, from 0.</param>
/// <param name="Begin">Since when, in seconds from the trace's beginning.</param>
/// <param name="End">Until when.</param>
/// <param name="Kept">Whether the planned job came.</param>
internal sealed record PlannedTime(int Node, double Begin, double End, bool Kept);

/// <summary>Follows the plans of a replayed backfill as slurmctld's plugin does, with the plugin's own <see cref="PlanBook"/>.</summary>
/// <param name="nodes">How many nodes there are.</param>
/// <param name="lead">How long before its expected start a planned node is held; zero for never.</param>
/// <param name="interval">How often backfill passes, and plans are read.</param>
/// <param name="promises">Where to tell how long nodes stay free (<c>nodes.freeSeconds</c>); null for nowhere.</param>
internal sealed class Foreseeing(int nodes, TimeSpan lead, TimeSpan interval, Promises? promises = null)
{
    // slurm.lookInterval.
    private const double Look = 5;

    // slurm.conf(5): for so long slurmctld shows jobs that have ended.
    private const double MinJobAge = 300;

    private readonly Runtimes runtimes = new();
    private readonly List<StartedJob> ended = [];
    private readonly PlanBook book = new(lead);
    private readonly Dictionary<string, double> held = new(StringComparer.Ordinal);
    private readonly List<PlannedTime> times = [];
    private readonly HashSet<int> idle = [.. Enumerable.Range(0, nodes)];
    private Schedule last = new([], interval);
    private bool isQuiet = true;
    private double looked;

    /// <summary>The nodes that were held so far.</summary>
    public IReadOnlyList<PlannedTime> Times => times;

    /// <summary>Backfill has planned.</summary>
    /// <param name="now">The time.</param>
    /// <param name="waiting">All jobs that wait.</param>
    /// <param name="plans">What it has planned for some of them.</param>
    /// <param name="running">The jobs that run.</param>
    public void Planned(
        double now,
        IEnumerable<TraceJob> waiting,
        IReadOnlyDictionary<TraceJob, (double Start, int[] Nodes)> plans,
        IEnumerable<StartedJob> running
    )
    {
        LookUntil(now);
        // The plugin reads plans only then.
        if (!book.IsHolding && !plans.Values.Any(plan => plan.Nodes.Any(idle.Contains)))
        {
            last = new Schedule([], interval);
            return;
        }
        ended.RemoveAll(job => job.End < now - MinJobAge);
        runtimes.Learn([
            .. ended.Select(job => new EndedJob((uint)job.Job.Number, job.Job.User, At(job.End), job.Job.Runtime, job.Job.Requested)),
        ]);
        var schedule = new Schedule(
            [
                .. waiting.Select(job =>
                    plans.TryGetValue(job, out var plan)
                        ? new PendingJob((uint)job.Number)
                        {
                            UserId = job.User,
                            Limit = job.Requested,
                            Start = At(plan.Start),
                            Nodes = [.. plan.Nodes.Select(Name)],
                        }
                        : new PendingJob((uint)job.Number)
                ),
            ],
            interval
        )
        {
            Running =
            [
                .. running.Select(job => new RunningJob(job.Job.User, At(job.Start), job.Job.Requested, [.. job.Nodes.Select(Name)])),
            ],
        };
        last = runtimes.Expect(schedule, At(now));
        book.Learn(last, At(now));
        Update(now);
        isQuiet = plans.Count == 0 && held.Count == 0;
    }

    /// <summary>A job has been started.</summary>
    public void Started(StartedJob job)
    {
        LookUntil(job.Start);
        idle.ExceptWith(job.Nodes);
        last = last with { Jobs = [.. last.Jobs.Where(other => other.Id != job.Job.Number)] };
        book.Started([(uint)job.Job.Number], job.Nodes.Select(Name), At(job.Start));
        foreach (var node in job.Nodes)
            if (held.Remove(Name(node), out var since))
                times.Add(new PlannedTime(node, since, job.Start, Kept: true));
        Update(job.Start);
    }

    /// <summary>A job has ended.</summary>
    public void Ended(StartedJob job)
    {
        LookUntil(job.End);
        idle.UnionWith(job.Nodes);
        ended.Add(job);
    }

    private void LookUntil(double now)
    {
        // Nothing changes while nothing is planned.
        if (isQuiet && promises is null)
            looked = Math.Floor(now / Look) * Look;
        for (; looked + Look <= now; looked += Look)
        {
            Update(looked + Look);
            promises?.Tell(last, idle, lead, At(looked + Look));
        }
    }

    private void Update(double now)
    {
        if (lead == TimeSpan.Zero)
            return;
        var due = book.Due(At(now), idle.Select(Name).ToHashSet(StringComparer.Ordinal));
        foreach (var node in held.Keys.Where(node => !due.ContainsKey(node)).ToList())
        {
            held.Remove(node, out var since);
            times.Add(new PlannedTime(int.Parse(node, CultureInfo.InvariantCulture), since, now, Kept: false));
        }
        foreach (var node in due.Keys)
            held.TryAdd(node, now);
    }

    private static string Name(int node) => node.ToString(CultureInfo.InvariantCulture);

    private static DateTimeOffset At(double time) => DateTimeOffset.UnixEpoch.AddSeconds(time);
}
