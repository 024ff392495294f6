namespace BeBiDa.Site;

/// <summary>What one thing was measured to take, several times.</summary>
public sealed class Samples
{
    private readonly List<double> values = [];

    /// <summary>How many there are.</summary>
    public int Count => values.Count;

    /// <summary>The value in the middle; of an even number, the mean of the two.</summary>
    public double Median => (Quantile(0.5, upper: false) + Quantile(0.5, upper: true)) / 2;

    /// <summary>The value that 99 of 100 are not above.</summary>
    public double P99 => Quantile(0.99, upper: true);

    /// <summary>The greatest value.</summary>
    public double Max => values.Max();

    /// <summary>
    /// By how much the median may be off: medians that differ by less than both of these together are not known to differ
    /// (the notch of a box plot, 1.57 interquartile ranges over the root of the count; McGill, Tukey, Larsen: Variations of Box Plots).
    /// </summary>
    public double Uncertainty => 1.57 * (Quantile(0.75, upper: true) - Quantile(0.25, upper: false)) / Math.Sqrt(values.Count);

    /// <summary>One value more.</summary>
    public void Add(double value) => values.Add(value);

    private double Quantile(double share, bool upper)
    {
        if (values.Count == 0)
            throw new InvalidOperationException("nothing was measured");
        var at = share * (values.Count - 1);
        return values.Order().ElementAt((int)(upper ? Math.Ceiling(at) : Math.Floor(at)));
    }
}
