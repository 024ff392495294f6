namespace BeBiDa.Planning;

/// <summary>How much of their time limits jobs use, learnt from those that have ended, and so when planned jobs are to be expected.</summary>
/// <remarks>
/// Slurm plans as if each job ran until its time limit. Few do, so most planned jobs start earlier. A user's jobs resemble each other
/// (Tsafrir, Etsion and Feitelson: Backfilling Using System-Generated Predictions Rather than User Runtime Estimates, 2007), so a user's
/// last jobs tell how long the next will run. Where a user has ended too few, the limit does. Not safe to use from many threads.
/// </remarks>
public sealed class Runtimes
{
    // So many that ran longer than a job has run say when it ends.
    private const int Enough = 5;
    private const int Kept = 30;

    // The share of jobs that end before what is expected. Pods that leave too early cost less than those that leave too late.
    private const double Early = 0.15;

    // Slurm plans in steps (bf_resolution), and as of the beginning of backfill's cycle.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Never = TimeSpan.FromDays(365);

    private readonly Dictionary<uint, Queue<double>> users = [];
    private HashSet<EndedJob> known = [];

    /// <summary>Takes in jobs that have ended; those that the last call had too are known.</summary>
    public void Learn(IReadOnlyCollection<EndedJob> jobs)
    {
        foreach (var job in jobs.Where(job => !known.Contains(job)).OrderBy(job => job.End))
        {
            if (!users.TryGetValue(job.UserId, out var own))
                users[job.UserId] = own = new Queue<double>();
            // A job may have been suspended, or run on beyond its limit (OverTimeLimit).
            own.Enqueue(Math.Min(1, job.Ran / job.Limit));
            if (own.Count > Kept)
                own.Dequeue();
        }
        known = [.. jobs];
    }

    /// <summary>Says of each planned job when it is to be expected: once the jobs have ended that have its nodes now.</summary>
    /// <param name="schedule">The plans.</param>
    /// <param name="now">When they were read.</param>
    /// <returns>The same, with <see cref="PendingJob.Expected"/>.</returns>
    public Schedule Expect(Schedule schedule, DateTimeOffset now)
    {
        // When the last of a node's jobs is to be expected to end, and when it ends at the latest.
        var ends = new Dictionary<string, (DateTimeOffset Expected, DateTimeOffset Latest)>(StringComparer.Ordinal);
        foreach (var job in schedule.Running)
            Take(job.Nodes, job.Start + Expect(job.UserId, now - job.Start, job.Limit), job.Start + job.Limit);
        var expected = new Dictionary<PendingJob, DateTimeOffset>(ReferenceEqualityComparer.Instance);
        foreach (var job in schedule.Jobs.Where(job => job.Start is not null).OrderBy(job => job.Start))
        {
            var start = StartOf(job, job.Start!.Value);
            expected[job] = start;
            // Others may be planned on these nodes after it.
            Take(job.Nodes, start + Expect(job.UserId, TimeSpan.Zero, job.Limit), job.Start.Value + job.Limit);
        }
        return schedule with
        {
            Jobs = [.. schedule.Jobs.Select(job => expected.TryGetValue(job, out var start) ? job with { Expected = start } : job)],
        };

        void Take(IEnumerable<string> nodes, DateTimeOffset likely, DateTimeOffset latest)
        {
            foreach (var node in nodes)
                ends[node] = ends.TryGetValue(node, out var other)
                    ? (likely > other.Expected ? likely : other.Expected, latest > other.Latest ? latest : other.Latest)
                    : (likely, latest);
        }

        DateTimeOffset StartOf(PendingJob job, DateTimeOffset planned)
        {
            var (likely, latest) = (DateTimeOffset.MinValue, DateTimeOffset.MinValue);
            foreach (var node in job.Nodes)
                if (ends.TryGetValue(node, out var end))
                    (likely, latest) = (end.Expected > likely ? end.Expected : likely, end.Latest > latest ? end.Latest : latest);
            // Where Slurm plans it later, it waits for more than these jobs: a licence, a reservation, a time that its user asked for.
            return likely < planned && planned <= latest + Slack ? likely : planned;
        }
    }

    private TimeSpan Expect(uint user, TimeSpan ran, TimeSpan limit)
    {
        // One without a limit ends nobody knows when, and so does one that has outlived it.
        if (ran >= limit)
            return ran + Never;
        double[] longer = [.. users.GetValueOrDefault(user, []).Where(share => share > ran / limit).Order()];
        return longer.Length < Enough ? limit : limit * longer[(int)(longer.Length * Early)];
    }
}
