namespace BeBiDa.Standing;

/// <summary>What Slurm says of a node, apart from its jobs (enum bebida_condition).</summary>
[Flags]
public enum NodeConditions
{
    /// <summary>Nothing: it works.</summary>
    None = 0,

    /// <summary>DOWN.</summary>
    Down = 1,

    /// <summary>DRAIN, with jobs on it or without.</summary>
    Drain = 2,

    /// <summary>FAIL or FAILING.</summary>
    Fail = 4,

    /// <summary>In a maintenance reservation that has begun.</summary>
    Maintenance = 8,

    /// <summary>Its reboot has been requested or issued.</summary>
    Reboot = 16,

    /// <summary>Powered down, on the way there, or on the way back.</summary>
    Power = 32,

    /// <summary>It responds, no job has it, and none is leaving it.</summary>
    Idle = 64,

    /// <summary>Idle, and backfill has planned a job there.</summary>
    Planned = 128,
}

/// <summary>One of Slurm's nodes.</summary>
/// <param name="Name">Slurm's name of it.</param>
/// <param name="Conditions">What Slurm says of it.</param>
/// <param name="Reason">An admin's or a program's reason for that; may be empty.</param>
public sealed record SlurmNode(string Name, NodeConditions Conditions, string Reason);

/// <summary>A reservation.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Begin">When it begins.</param>
/// <param name="End">When it ends.</param>
/// <param name="Nodes">Slurm's names of its nodes.</param>
public sealed record Reservation(string Name, DateTimeOffset Begin, DateTimeOffset End, IReadOnlyList<string> Nodes);

/// <summary>The state of a Slurm cluster, apart from its jobs.</summary>
/// <param name="Cluster">The cluster's name, from whoever told the state.</param>
/// <param name="Nodes">All of its nodes.</param>
/// <param name="Maintenance">All of its reservations with the flag MAINT; some may be over.</param>
public sealed record SlurmConditions(string Cluster, IReadOnlyList<SlurmNode> Nodes, IReadOnlyList<Reservation> Maintenance)
{
    /// <summary>All other reservations; some may be over. Commands do not read them.</summary>
    public IReadOnlyList<Reservation> Reservations { get; init; } = [];
}

/// <summary>Slurm, asked for its nodes and reservations.</summary>
public interface ISlurmConditions
{
    /// <summary>The state now.</summary>
    /// <exception cref="Reconciliation.JobsUnknownException">Slurm did not tell, or not all of it.</exception>
    Task<SlurmConditions> ReadAsync(CancellationToken cancellationToken);
}
