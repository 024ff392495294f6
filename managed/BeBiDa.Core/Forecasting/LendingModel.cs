using BeBiDa.Configuration;

namespace BeBiDa.Forecasting;

/// <summary>How long what BeBiDa, Kubernetes and pods do takes, where nothing but the gaps is known.</summary>
public sealed record LendingModel
{
    /// <summary>The time that half of the pods need for their work at most; above zero.</summary>
    public required TimeSpan PodLength { get; init; }

    /// <summary>How much pods differ: the standard deviation of their lengths' logarithms; 0 for pods that are all alike.</summary>
    public double Spread { get; init; } = 1;

    /// <summary>A pod that is ended loses the work since its last step; zero for pods that lose all of it.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.Zero;

    /// <summary>How long a node is kept for the next job (<c>nodes.linger</c>); a gap that is no longer is not lent.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>From that time's end to the node's being schedulable and Ready.</summary>
    public TimeSpan Return { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>From then, or from another pod's end, to the next pod's first work; it has its place meanwhile.</summary>
    public TimeSpan PodStart { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many pods run on a node at once; from 1.</summary>
    public int PodsPerNode { get; init; } = 1;

    /// <summary>How long a hand-over takes without pods.</summary>
    public TimeSpan HandOver { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a pod takes to end once it is told to, and has all the time that it wants.</summary>
    public TimeSpan PodEnd { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How pods leave.</summary>
    public EvictionConfiguration Eviction { get; init; } = new();

    /// <summary>How long a job waits for pods of its nodes, beyond the hand-over itself.</summary>
    public TimeSpan Leaving => new[] { PodEnd, Eviction.GracePeriod ?? TimeSpan.MaxValue, Eviction.Deadline }.Min();
}
