using System.Globalization;

namespace BeBiDa.Holds;

/// <summary>Why a node is held, where it is not for a job.</summary>
/// <param name="Why">For people; one line.</param>
/// <param name="Until">Until when, where that is known; fractions of a second are cut off.</param>
public sealed record HoldReason(string Why, DateTimeOffset? Until)
{
    /// <summary>Until when, in whole seconds as the ledger has it: one with fractions would differ from it for ever, and be written anew.</summary>
    public DateTimeOffset? Until { get; } = Until is { } time ? DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds()) : null;

    /// <summary>Both in a line, the time in UTC.</summary>
    public string ForPeople => Until is { } until ? $"{Why}, until {Hold.FormatTime(until)}" : Why;
}

/// <summary>One claim on one node, a job's or a standing one, as the ledger (the Node's annotations) shows it.</summary>
/// <param name="Key">Whose claim it is.</param>
/// <param name="Since">Since when; null when the annotation's value is no time (someone edited it).</param>
/// <param name="Reason">Why; null for a job.</param>
public sealed record Hold(HoldKey Key, DateTimeOffset? Since, HoldReason? Reason = null)
{
    /// <summary>The annotation's value: the time since when, and for a standing hold <c>since[/until] why</c>.</summary>
    public string Value
    {
        get
        {
            var since = FormatTime(Since ?? DateTimeOffset.UnixEpoch);
            return Reason is null ? since
                : Reason.Until is { } until ? $"{since}/{FormatTime(until)} {Reason.Why}"
                : $"{since} {Reason.Why}";
        }
    }

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
                holds.Add(hold.IsJob ? new Hold(hold, Time(value)) : ReadStanding(hold, value));
        return
        [
            .. holds
                .OrderBy(h => h.Key.Cluster, StringComparer.Ordinal)
                .ThenBy(h => h.Key.JobId)
                .ThenBy(h => h.Key.Task)
                .ThenBy(h => h.Key.Holder, StringComparer.Ordinal),
        ];
    }

    private static Hold ReadStanding(HoldKey key, string value)
    {
        var words = value.Split(' ', 2);
        var times = words[0].Split('/', 2);
        return new Hold(key, Time(times[0]), new HoldReason(words.ElementAtOrDefault(1) ?? "", times.Length > 1 ? Time(times[1]) : null));
    }

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
