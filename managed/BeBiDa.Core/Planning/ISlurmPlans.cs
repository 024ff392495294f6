using BeBiDa.Reconciliation;

namespace BeBiDa.Planning;

/// <summary>A pending job, with what Slurm's backfill has planned for it.</summary>
/// <param name="Id">Its number; the array's where its tasks are pending.</param>
public sealed record PendingJob(uint Id)
{
    /// <summary>Its user's number.</summary>
    public uint UserId { get; init; }

    /// <summary>Its user's name; empty where nothing is known of its start.</summary>
    public string User { get; init; } = "";

    /// <summary>Its account; may be empty.</summary>
    public string Account { get; init; } = "";

    /// <summary>The partitions that it may run in.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];

    /// <summary>The reservation that it waits for, or is in; empty for none.</summary>
    public string Reservation { get; init; } = "";

    /// <summary>How many nodes it needs at least.</summary>
    public int NodeCount { get; init; }

    /// <summary>Its time limit; zero for none, or where nothing is known of its start.</summary>
    public TimeSpan Limit { get; init; }

    /// <summary>When it is to start, if all jobs before it run until their time limits; null while backfill has planned nothing for it.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>When it is to be expected, because they do not (<see cref="Runtimes"/>); null for <see cref="Start"/>.</summary>
    public DateTimeOffset? Expected { get; init; }

    /// <summary>Slurm's names of the nodes that it is to have; empty then.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];
}

/// <summary>A job that runs.</summary>
/// <param name="UserId">Its user's number.</param>
/// <param name="Start">Since when; later by the time for which it was suspended.</param>
/// <param name="Limit">Its time limit; zero for none.</param>
/// <param name="Nodes">Slurm's names of its nodes.</param>
public sealed record RunningJob(uint UserId, DateTimeOffset Start, TimeSpan Limit, IReadOnlyList<string> Nodes);

/// <summary>A job that has ended, and had a time limit.</summary>
/// <param name="Id">Its number.</param>
/// <param name="UserId">Its user's number.</param>
/// <param name="End">When it ended.</param>
/// <param name="Ran">How long it ran, the time included for which it was suspended.</param>
/// <param name="Limit">Its time limit; above zero.</param>
public sealed record EndedJob(uint Id, uint UserId, DateTimeOffset End, TimeSpan Ran, TimeSpan Limit);

/// <summary>All pending jobs at a time, and what is known of the others while there are plans.</summary>
/// <param name="Jobs">The jobs.</param>
/// <param name="Interval">How often backfill plans anew (<c>bf_interval</c> in slurm.conf(5)).</param>
public sealed record Schedule(IReadOnlyList<PendingJob> Jobs, TimeSpan Interval)
{
    /// <summary>How far ahead it plans (<c>bf_window</c>); zero where Slurm does not plan.</summary>
    public TimeSpan Window { get; init; }

    /// <summary>The jobs that run.</summary>
    public IReadOnlyList<RunningJob> Running { get; init; } = [];

    /// <summary>The jobs that have ended lately (<c>MinJobAge</c> in slurm.conf(5)).</summary>
    public IReadOnlyList<EndedJob> Ended { get; init; } = [];

    /// <summary>The earliest plan of each node, by Slurm's name.</summary>
    public Dictionary<string, Plan> FirstOfEachNode()
    {
        var first = new Dictionary<string, Plan>(StringComparer.Ordinal);
        foreach (var job in Jobs)
            if (job.Start is { } start)
                foreach (var node in job.Nodes)
                    if (!first.TryGetValue(node, out var other) || start < other.Start)
                        first[node] = new Plan(job.Id, start, job.Expected ?? start);
        return first;
    }
}

/// <summary>Slurm, asked for its plans.</summary>
public interface ISlurmPlans
{
    /// <summary>The plans now. Backfill wipes all of them as it begins to plan anew, so one reading alone says little.</summary>
    /// <exception cref="JobsUnknownException">Slurm did not tell, or not all of it.</exception>
    Task<Schedule> ReadAsync(CancellationToken cancellationToken);
}
