using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Standing;

/// <summary>A node that stays held for the next job. Read and written under the lock of <see cref="Lingering"/>.</summary>
/// <param name="node">The node.</param>
/// <param name="cluster">The Slurm cluster whose jobs have it.</param>
internal sealed class LingeringNode(ClusterNode node, string cluster)
{
    public ClusterNode Node => node;

    public string Cluster => cluster;

    public HoldKey Hold { get; } = new(cluster, Holders.Linger);

    /// <summary>One lease is written after the other.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Since when it lingers; null before it is written.</summary>
    public DateTimeOffset? Since { get; set; }

    /// <summary>The end of the lease, as the ledger has it for certain; null before it is written.</summary>
    public DateTimeOffset? Until { get; set; }

    /// <summary>The lease that was written for certain, and the one that was tried last.</summary>
    public Hold? Written { get; set; }

    /// <inheritdoc cref="Written"/>
    public Hold? Tried { get; set; }

    /// <summary>Since when no job has it; null while one may.</summary>
    public DateTimeOffset? IdleSince { get; set; }

    /// <summary>Whether it is held and empty for a job to come, so that it stays although no job has left it.</summary>
    public bool IsOffered { get; set; }

    /// <summary>Whether a job has had it under the lease: its kubelet may have been down.</summary>
    public bool HadJob { get; set; }

    /// <summary>The jobs that lean on the lease.</summary>
    public Dictionary<HoldKey, RelayedJob> Relayed { get; } = [];

    /// <summary>The jobs that have left it to the next ones.</summary>
    public HashSet<HoldKey> Before { get; } = [];

    /// <summary>What kubelet says, read soon after the last job has left; null before that.</summary>
    public Task<IReadOnlyDictionary<string, NodeHeartbeat>>? Kubelet { get; set; }

    /// <summary>How many writes are under way.</summary>
    public int Writes { get; set; }

    /// <summary>Whether it is being released, or is to be. Never taken back: the release may have been sent.</summary>
    public bool IsEnding { get; set; }
}

/// <summary>A job that has a node without a hold of its own.</summary>
/// <param name="since">Since when.</param>
internal sealed class RelayedJob(DateTimeOffset since)
{
    public DateTimeOffset Since => since;

    /// <summary>Whether a hold of its own is being written.</summary>
    public bool IsOwning { get; set; }

    /// <summary>Whether one has been tried: its answer may have been lost.</summary>
    public bool MayOwn { get; set; }
}
