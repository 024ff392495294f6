using BeBiDa.Chaos.Observation;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Chaos;

/// <summary>From the shortest time to the longest.</summary>
public readonly record struct Range(TimeSpan From, TimeSpan To)
{
    /// <summary>In seconds.</summary>
    public static Range Seconds(double from, double to) => new(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to));
}

/// <summary>What a run is made of; the same options make the same jobs and the same adversities.</summary>
public sealed record ChaosOptions
{
    /// <summary>How long an outage lasts that no job outwaits: controller.deadline is 30 s.</summary>
    public static readonly TimeSpan LongOutageTime = TimeSpan.FromSeconds(42);

    /// <summary>What jobs and adversities are drawn from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>For how long things go wrong.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Which API server there is.</summary>
    public ApiServerKind Api { get; init; }

    /// <summary>How many nodes.</summary>
    public int Nodes { get; init; } = 8;

    /// <summary>How many jobs are under way at once.</summary>
    public int Lanes { get; init; } = 6;

    /// <summary>How long an adversity lasts: shorter than controller.deadline.</summary>
    public Range Outage { get; init; } = Range.Seconds(3, 12);

    /// <summary>How long nothing goes wrong after it.</summary>
    public Range Calm { get; init; } = Range.Seconds(4, 8);

    /// <summary>Whether there is also an outage longer than controller.deadline.</summary>
    public bool LongOutage { get; init; }

    /// <summary>How often slurmctld compares holds with its jobs (controller.reconcileInterval).</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nodes are kept for the next job (nodes.linger).</summary>
    public TimeSpan Linger { get; init; }

    /// <summary>How long before planned jobs start their nodes are held (nodes.lead). Each job has a time limit of ten minutes.</summary>
    public TimeSpan Lead { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long slurmctld may take to answer where an idle one, asked at the same moment, takes less than half of it.</summary>
    public TimeSpan PingBound { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After how long a node that Slurm calls unfit must be held: two looks, and the time to write and to see it.</summary>
    public TimeSpan UnfitBound { get; init; } = (2 * UnfitNode.LookInterval) + TimeSpan.FromSeconds(4);

    /// <summary>How long a job may take from its submission to its end, whatever happens meanwhile.</summary>
    public TimeSpan JobBound { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Told what goes on.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
