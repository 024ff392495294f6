using System.Globalization;
using System.Text;

namespace BeBiDa;

/// <summary>Durations as Kubernetes writes them: <c>30s</c>, <c>1m30s</c>, <c>500ms</c>.</summary>
/// <remarks>The subset of Go's <c>time.ParseDuration</c> (used by metav1.Duration) with whole numbers and h, m, s, ms.</remarks>
public static class Duration
{
    private static readonly (string Unit, long Milliseconds)[] Units = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">One or more of a whole number and a unit, biggest unit first or not; or a plain <c>0</c>.</param>
    /// <param name="duration">The duration, 0 to about 292 years.</param>
    /// <returns>Whether <paramref name="text"/> is a duration.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
            return true;
        if (text.Length == 0)
            return false;
        var rest = text.AsSpan();
        var total = 0L;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0 || !long.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return false;
            rest = rest[digits..];
            var found = false;
            foreach (var (unit, milliseconds) in Units)
            {
                if (!rest.StartsWith(unit, StringComparison.Ordinal))
                    continue;
                if (number > (long.MaxValue / TimeSpan.TicksPerMillisecond - total) / milliseconds)
                    return false;
                total += number * milliseconds;
                rest = rest[unit.Length..];
                found = true;
                break;
            }
            if (!found)
                return false;
        }
        duration = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>Writes a duration so that <see cref="TryParse"/> reads it again; what is under a millisecond is dropped.</summary>
    public static string Format(TimeSpan duration)
    {
        // TotalMilliseconds is a double, and no whole number for some durations of thousands of years.
        var milliseconds = duration.Ticks / TimeSpan.TicksPerMillisecond;
        var text = new StringBuilder();
        foreach (var (unit, size) in Units.OrderByDescending(u => u.Milliseconds))
        {
            if (milliseconds >= size)
                text.Append(CultureInfo.InvariantCulture, $"{milliseconds / size}{unit}");
            milliseconds %= size;
        }
        return text.Length == 0 ? "0s" : text.ToString();
    }
}
