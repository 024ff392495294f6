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
