using System.Globalization;

namespace BeBiDa.Cli.Maintenances;

/// <summary>A time to come, as an admin types it.</summary>
internal static class UntilTime
{
    /// <summary>What can be typed.</summary>
    public const string Forms = "+2h, 18:00, or 2026-01-31T18:00 (with Z or +01:00 for another time zone)";

    private static readonly string[] Times = ["HH:mm", "H:mm", "HH:mm:ss"];

    private static readonly string[] Moments =
    [
        "yyyy-MM-dd'T'HH:mm",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd HH:mm",
        "yyyy-MM-dd HH:mm:ss",
    ];

    /// <summary>Reads it.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="now">The time.</param>
    /// <param name="zone">Where a time without a zone is meant.</param>
    /// <returns>The moment, or what is wrong.</returns>
    public static (DateTimeOffset? Time, string Problem) Parse(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        if (Read(text, now, zone) is not { } time)
            return (null, $"'{text}' is not a time: write {Forms}");
        return time > now ? (time, "") : (null, $"'{text}' is over");
    }

    private static DateTimeOffset? Read(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        if (text.StartsWith('+'))
            return Duration.TryParse(text[1..], out var span) && span < TimeSpan.FromDays(3650) ? now + span : null;
        if (TimeOnly.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out var clock))
        {
            var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
            return At(today, clock, zone) is var time && time > now ? time : At(today.AddDays(1), clock, zone);
        }
        if (!DateTime.TryParseExact(text, Moments, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var moment))
            return null;
        return moment.Kind switch
        {
            DateTimeKind.Utc => new DateTimeOffset(moment),
            // .NET has turned a zone that was given into this machine's.
            DateTimeKind.Local => new DateTimeOffset(moment),
            _ => At(DateOnly.FromDateTime(moment), TimeOnly.FromDateTime(moment), zone),
        };
    }

    private static DateTimeOffset At(DateOnly day, TimeOnly clock, TimeZoneInfo zone)
    {
        var time = day.ToDateTime(clock);
        return new DateTimeOffset(time, zone.GetUtcOffset(time));
    }
}
