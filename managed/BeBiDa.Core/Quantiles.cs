namespace BeBiDa;

/// <summary>Medians and percentiles.</summary>
public static class Quantiles
{
    /// <summary>The nearest rank: one of the values, never one between two.</summary>
    /// <param name="sorted">The values in order of size; at least one.</param>
    /// <param name="share">The share of them that are no larger, 0 to 1.</param>
    public static T NearestRank<T>(IReadOnlyList<T> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}
