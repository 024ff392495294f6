namespace BeBiDa.Accounts;

/// <summary>The days of a time zone; where its clocks are put forward or back, a day has 23 or 25 hours.</summary>
/// <param name="zone">The zone.</param>
public sealed class CalendarDays(TimeZoneInfo zone)
{
    private (DateOnly Day, DateTimeOffset Begin, DateTimeOffset End) last;

    /// <summary>The day of a moment.</summary>
    /// <param name="time">The moment.</param>
    /// <returns>The day, and when the next one begins.</returns>
    public (DateOnly Day, DateTimeOffset End) Of(DateTimeOffset time)
    {
        if (time < last.Begin || time >= last.End)
        {
            var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, zone).DateTime);
            last = (day, Begin(day), Begin(day.AddDays(1)));
        }
        return (last.Day, last.End);
    }

    /// <summary>When a day begins.</summary>
    public DateTimeOffset Begin(DateOnly day)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue);
        // In some zones the clocks go from 23:59 to 01:00, in others there are two midnights.
        while (zone.IsInvalidTime(midnight))
            midnight += TimeSpan.FromMinutes(15);
        var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, offset);
    }
}
