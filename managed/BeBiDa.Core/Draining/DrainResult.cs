namespace BeBiDa.Draining;

/// <summary>How a drain ended.</summary>
/// <param name="Evicted">Pods that left, by Kubernetes' name of their node.</param>
/// <param name="Left">Why pods are still there, one line each; empty when all that must leave have left.</param>
public sealed record DrainResult(IReadOnlyDictionary<string, int> Evicted, IReadOnlyList<string> Left);
