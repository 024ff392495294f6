using BeBiDa.Holds;

namespace BeBiDa.HandOver;

/// <summary>The jobs that have given their nodes back a short while ago.</summary>
/// <remarks>
/// slurmctld calls the prolog hook in a thread of its own and does not look at the job again
/// (_start_prolog_slurmctld_thread in slurmctld/job_scheduler.c). A job that is canceled at that moment gets its epilog
/// hook first. Its nodes would then be held for a job that has ended, and nobody would release them.
/// </remarks>
internal sealed class RecentEnds(TimeProvider time)
{
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Queue<(HoldKey Job, long Ended)> order = new();
    private readonly Dictionary<HoldKey, long> ends = [];

    /// <summary>Notes that a job ends now.</summary>
    public void Add(HoldKey job)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            order.Enqueue((job, now));
            ends[job] = now;
            while (time.GetElapsedTime(order.Peek().Ended, now) > Recent)
                if (order.Dequeue() is var (old, ended) && ends.TryGetValue(old, out var last) && last == ended)
                    ends.Remove(old);
        }
    }

    /// <summary>Whether a job has ended lately; one that was requeued and starts again has, too.</summary>
    public bool Contains(HoldKey job)
    {
        lock (gate)
            return ends.ContainsKey(job);
    }
}
