using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>A Slurm whose nodes' states a test makes up; n1, n2 and n3 are well.</summary>
internal sealed class FakeConditions : ISlurmConditions
{
    private readonly Dictionary<string, SlurmNode> nodes = [];

    /// <summary>Its name.</summary>
    public string Cluster { get; init; } = "c";

    /// <summary>Its maintenance reservations.</summary>
    public List<Reservation> Maintenance { get; } = [];

    /// <summary>Why it does not answer; null when it does.</summary>
    public string? Silent { get; set; }

    public void Is(string node, NodeConditions conditions, string reason = "") => nodes[node] = new SlurmNode(node, conditions, reason);

    /// <summary>What a node is now.</summary>
    public SlurmNode Of(string node) => nodes[node];

    public int Questions { get; private set; }

    public Task<SlurmConditions> ReadAsync(CancellationToken cancellationToken)
    {
        Questions++;
        return Silent is { } why
            ? throw new JobsUnknownException(why)
            : Task.FromResult(new SlurmConditions(Cluster, [.. nodes.Values], [.. Maintenance]));
    }
}
