using BeBiDa.Cluster;

namespace BeBiDa.Draining;

/// <summary>How a drain ended.</summary>
/// <param name="Evicted">Pods that left, by Kubernetes' name of their node.</param>
/// <param name="Left">Why pods are still there that had to leave, one line each; empty when all have left.</param>
/// <param name="Remaining">Pods that are still there and that the job need not wait for, with the reason.</param>
/// <param name="WithClaims">The nodes from which all pods with volumes of claims have left, at least one.</param>
/// <param name="NotEmpty">The nodes where pods stay, or came and may stay, which this drain was not to wait for.</param>
public sealed record DrainResult(
    IReadOnlyDictionary<string, int> Evicted,
    IReadOnlyList<string> Left,
    IReadOnlyList<(Pod Pod, string Why)> Remaining,
    IReadOnlySet<string> WithClaims,
    IReadOnlySet<string> NotEmpty
);
