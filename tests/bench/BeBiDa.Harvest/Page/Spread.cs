using System.Globalization;

namespace BeBiDa.Harvest.Page;

/// <summary>The median of some runs, and between which values they are.</summary>
/// <param name="Values">What the runs found, in order of size.</param>
internal sealed record Spread(IReadOnlyList<double> Values)
{
    /// <summary>Of some values, in any order.</summary>
    public static Spread Of(IEnumerable<double> values) => new([.. values.Order()]);

    /// <summary>The middle one; of an even number, the mean of the two in the middle.</summary>
    public double Median => (Values[(Values.Count - 1) / 2] + Values[Values.Count / 2]) / 2;

    /// <summary>As a page shows it: "97.1 % (96.8 to 97.3)".</summary>
    /// <param name="format">How a number is written.</param>
    /// <param name="unit">What stands behind the median; may be empty.</param>
    public string Show(string format, string unit = "")
    {
        string Write(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        var (least, most) = (Write(Values[0]), Write(Values[^1]));
        return $"{Write(Median)}{unit}{(least == most ? "" : $" ({least} to {most})")}";
    }
}
