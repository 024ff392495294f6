namespace BeBiDa.Accounts;

/// <summary>What a node was used for at a time. Each moment of each node is exactly one of these.</summary>
public enum NodeUse
{
    /// <summary>Jobs of Slurm had it.</summary>
    Slurm,

    /// <summary>It was lent to Kubernetes, and pods that a hand-over would evict were on it.</summary>
    LentWithPods,

    /// <summary>It was lent to Kubernetes, and none were.</summary>
    LentEmpty,

    /// <summary>Slurm left it idle, and it was kept for the next job (<c>nodes.linger</c>).</summary>
    Linger,

    /// <summary>Slurm left it idle, and it was held before a planned job (<c>nodes.lead</c>).</summary>
    Planned,

    /// <summary>Slurm left it idle, and it was to stay with Slurm (<c>nodes.keepFree</c>).</summary>
    Policy,

    /// <summary>Slurm left it idle, and Kubernetes could not use it: another standing hold, an admin's cordon, or not Ready.</summary>
    Held,

    /// <summary>A hand-over was under way: pods were leaving for a job, or a job was leaving.</summary>
    Between,

    /// <summary>Slurm could not use it: DOWN, DRAIN, FAIL, maintenance, a reboot, or powered off.</summary>
    Unavailable,

    /// <summary>Nobody knows: nothing was recorded, or Slurm or Kubernetes did not answer.</summary>
    Unknown,
}
