using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>Changes the nodes of a made-up Slurm, as scontrol update does.</summary>
internal sealed class FakeChanges(FakeConditions slurm) : ISlurmChanges
{
    /// <summary>What was asked, in order.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>The nodes that Slurm refuses to change.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>Whether a node that is well keeps its reason, as in some releases without accounting.</summary>
    public bool KeepsReasons { get; set; }

    public Task<string?> DrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        Change($"drain {string.Join(',', nodes)}", nodes, node => slurm.Is(node, slurm.Of(node).Conditions | NodeConditions.Drain, reason));

    public Task<string?> UndrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        Change(
            $"undrain {string.Join(',', nodes)}",
            nodes,
            node => slurm.Is(node, slurm.Of(node).Conditions & ~NodeConditions.Drain, KeepsReasons ? reason : "")
        );

    private Task<string?> Change(string what, IReadOnlyList<string> nodes, Action<string> change)
    {
        Asked.Add(what);
        if (nodes.Any(Refused.Contains))
            return Task.FromResult<string?>("Access/permission denied");
        foreach (var node in nodes)
            change(node);
        return Task.FromResult<string?>(null);
    }
}
