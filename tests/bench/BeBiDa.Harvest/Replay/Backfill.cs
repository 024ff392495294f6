using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>A job that a scheduler has started.</summary>
/// <param name="Job">The job.</param>
/// <param name="Start">When, in seconds from the trace's beginning.</param>
/// <param name="Nodes">On which nodes, by their numbers from 0.</param>
internal sealed record StartedJob(TraceJob Job, double Start, int[] Nodes)
{
    /// <summary>When it ends.</summary>
    public double End => Start + Job.Runtime.TotalSeconds;
}

/// <summary>
/// Schedules a trace as slurmctld does in its defaults: first come, first served, soon after a job comes or ends; and every
/// half minute a pass of backfill, which gives each waiting job in turn the first time at which it fits, and starts those
/// whose time is now. Jobs have whole nodes.
/// </summary>
/// <remarks>
/// Of slurm.conf(5) and its SchedulerParameters: bf_interval=30, bf_window=1440 minutes, bf_max_job_test=500. slurmctld chooses
/// nodes by their weights and keeps jobs together; here those with the lowest numbers are taken.
/// </remarks>
/// <param name="nodes">How many nodes there are.</param>
/// <param name="interval">How often backfill passes.</param>
/// <param name="reaction">How long after a job came or ended the next one in order is started: half a second in the mean on real daemons.</param>
internal sealed class Backfill(int nodes, TimeSpan interval, TimeSpan reaction)
{
    private const int MostTested = 500;

    private static readonly double Window = TimeSpan.FromMinutes(1440).TotalSeconds;

    private readonly SortedSet<int> free = [.. Enumerable.Range(0, nodes)];
    private readonly PriorityQueue<StartedJob, double> running = new();
    private readonly List<TraceJob> waiting = [];
    private readonly List<StartedJob> started = [];
    private double now;

    /// <summary>Who is told of plans and starts; null for nobody.</summary>
    public Foreseeing? Foreseeing { get; init; }

    /// <summary>Schedules it.</summary>
    /// <param name="jobs">The jobs, in the order of their submission; none wider than the cluster.</param>
    /// <returns>The jobs in the order of their starts.</returns>
    public IReadOnlyList<StartedJob> Run(IReadOnlyList<TraceJob> jobs)
    {
        var next = 0;
        var (pass, look) = (interval.TotalSeconds, double.PositiveInfinity);
        while (next < jobs.Count || waiting.Count > 0)
        {
            var submitted = next < jobs.Count ? jobs[next].Submit.TotalSeconds : double.PositiveInfinity;
            var ended = running.TryPeek(out var first, out _) ? first.End : double.PositiveInfinity;
            // Nothing to do before somebody comes, ends, or is looked at again.
            now = Math.Min(Math.Min(submitted, ended), waiting.Count > 0 ? Math.Min(pass, look) : double.PositiveInfinity);
            if (Math.Min(submitted, ended) <= now)
                look = Math.Min(look, now + reaction.TotalSeconds);
            while (running.TryPeek(out var leaving, out var end) && end <= now)
            {
                free.UnionWith(leaving.Nodes);
                Foreseeing?.Ended(leaving);
                running.Dequeue();
            }
            for (; next < jobs.Count && jobs[next].Submit.TotalSeconds <= now; next++)
                waiting.Add(jobs[next]);
            if (look <= now)
            {
                InOrder();
                look = double.PositiveInfinity;
            }
            if (now < pass)
                continue;
            if (waiting.Count > 0)
                Pass();
            pass = (Math.Floor(now / interval.TotalSeconds) + 1) * interval.TotalSeconds;
        }
        return started;
    }

    private void InOrder()
    {
        var count = 0;
        for (; count < waiting.Count && waiting[count].Nodes <= free.Count; count++)
            Start(waiting[count]);
        waiting.RemoveRange(0, count);
    }

    private void Pass()
    {
        // How many nodes will be free from each moment on, if all run for as long as they may.
        var profile = new List<(double Time, int Free)> { (now, free.Count) };
        var count = free.Count;
        foreach (var (job, _) in running.UnorderedItems.OrderBy(r => Expected(r.Element)))
        {
            count += job.Nodes.Length;
            profile.Add((Expected(job), count));
        }
        var begun = new HashSet<TraceJob>();
        var plans = new Dictionary<TraceJob, double>();
        foreach (var job in waiting.Take(MostTested))
        {
            if (FirstFit(profile, job) is not { } start)
                continue;
            Reserve(profile, start, start + job.Requested.TotalSeconds, job.Nodes);
            if (start <= now)
            {
                Start(job);
                begun.Add(job);
            }
            else
            {
                plans[job] = start;
            }
        }
        waiting.RemoveAll(begun.Contains);
        Foreseeing?.Planned(now, waiting, NodesOf(plans), running.UnorderedItems.Select(r => r.Element));
    }

    // Of the nodes that will be free by then, those with the lowest numbers, as when it starts.
    private Dictionary<TraceJob, (double Start, int[] Nodes)> NodesOf(Dictionary<TraceJob, double> plans)
    {
        var freeAt = new double[nodes];
        Array.Fill(freeAt, now);
        foreach (var (job, _) in running.UnorderedItems)
        foreach (var node in job.Nodes)
            freeAt[node] = Expected(job);
        var chosen = new Dictionary<TraceJob, (double Start, int[] Nodes)>();
        foreach (var (job, start) in plans)
        {
            var own = Enumerable.Range(0, nodes).Where(node => freeAt[node] <= start).Take(job.Nodes).ToArray();
            if (own.Length < job.Nodes)
                continue;
            chosen[job] = (start, own);
            foreach (var node in own)
                freeAt[node] = start + job.Requested.TotalSeconds;
        }
        return chosen;
    }

    private double Expected(StartedJob job) => Math.Max(job.Start + job.Job.Requested.TotalSeconds, now + 1);

    private double? FirstFit(List<(double Time, int Free)> profile, TraceJob job)
    {
        for (var i = 0; i < profile.Count && profile[i].Time <= now + Window; i++)
        {
            var fits = true;
            for (var j = i; fits && j < profile.Count && (j == i || profile[j].Time < profile[i].Time + job.Requested.TotalSeconds); j++)
                fits = profile[j].Free >= job.Nodes;
            if (fits)
                return profile[i].Time;
        }
        return null;
    }

    private static void Reserve(List<(double Time, int Free)> profile, double start, double end, int count)
    {
        var last = profile.FindLastIndex(p => p.Time <= end);
        if (profile[last].Time < end)
            profile.Insert(last + 1, (end, profile[last].Free));
        for (var i = 0; i < profile.Count; i++)
            if (profile[i].Time >= start && profile[i].Time < end)
                profile[i] = (profile[i].Time, profile[i].Free - count);
    }

    private void Start(TraceJob job)
    {
        var own = free.Take(job.Nodes).ToArray();
        free.ExceptWith(own);
        var begun = new StartedJob(job, now, own);
        started.Add(begun);
        running.Enqueue(begun, begun.End);
        Foreseeing?.Started(begun);
    }
}
