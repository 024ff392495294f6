using System.Globalization;

namespace BeBiDa.Bench;

/// <summary>Numbers as a reader wants them: two or three digits that mean something.</summary>
public static class Figures
{
    /// <summary>A time: "3.1 ms", "640 ms", "2.03 s", "84 s".</summary>
    public static string Time(double seconds) =>
        Math.Abs(seconds) switch
        {
            < 0.0995 => Invariant($"{seconds * 1000:0.0} ms"),
            < 0.9995 => Invariant($"{seconds * 1000:0} ms"),
            < 9.995 => Invariant($"{seconds:0.00} s"),
            < 99.95 => Invariant($"{seconds:0.0} s"),
            _ => Invariant($"{seconds:0} s"),
        };

    /// <summary>How many times a peer's: "0.97", "1.3", "212".</summary>
    public static string Ratio(double ratio) =>
        ratio switch
        {
            < 1.995 => Invariant($"{ratio:0.00}"),
            < 9.95 => Invariant($"{ratio:0.0}"),
            _ => Invariant($"{ratio:0}"),
        };

    /// <summary>Bytes: "812 B", "3.4 kB", "1.2 MB".</summary>
    public static string Bytes(double bytes) =>
        bytes switch
        {
            < 1000 => Invariant($"{bytes:0} B"),
            < 1e6 => Invariant($"{bytes / 1e3:0.0} kB"),
            _ => Invariant($"{bytes / 1e6:0.0} MB"),
        };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
