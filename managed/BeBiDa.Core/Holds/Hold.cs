using System.Globalization;

namespace BeBiDa.Holds;

/// <summary>One job's claim on one node, as the ledger (the Node's annotations) shows it.</summary>
/// <param name="Key">Whose claim it is.</param>
/// <param name="Since">Since when; null when the annotation's value is no time (someone edited it).</param>
public sealed record Hold(HoldKey Key, DateTimeOffset? Since)
{
    /// <summary>How a time is written to the ledger: RFC 3339, UTC, whole seconds.</summary>
    public static string FormatTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The holds among a Node's annotations, oldest job first.</summary>
    public static IReadOnlyList<Hold> Read(IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is null)
            return [];
        var holds = new List<Hold>();
        foreach (var (key, value) in annotations)
            if (HoldKey.TryParseAnnotation(key, out var hold))
                holds.Add(
                    new Hold(
                        hold,
                        DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since)
                            ? since
                            : null
                    )
                );
        return [.. holds.OrderBy(h => h.Key.Cluster, StringComparer.Ordinal).ThenBy(h => h.Key.JobId).ThenBy(h => h.Key.Task)];
    }
}
