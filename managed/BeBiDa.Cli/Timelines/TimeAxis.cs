using System.Globalization;

namespace BeBiDa.Cli.Timelines;

/// <summary>Where a time axis has its marks, and what stands at them: round times of the local zone.</summary>
internal static class TimeAxis
{
    private static readonly TimeSpan[] Steps =
    [
        .. new[] { 1, 2, 5, 10, 15, 30 }.Select(s => TimeSpan.FromSeconds(s)),
        .. new[] { 1, 2, 5, 10, 15, 30 }.Select(m => TimeSpan.FromMinutes(m)),
        .. new[] { 1, 2, 3, 6, 12 }.Select(h => TimeSpan.FromHours(h)),
        .. new[] { 1, 2, 7, 14, 28 }.Select(d => TimeSpan.FromDays(d)),
    ];

    /// <summary>The marks.</summary>
    /// <param name="from">Where the axis begins.</param>
    /// <param name="until">Where it ends.</param>
    /// <param name="most">How many marks there is room for.</param>
    /// <param name="zone">The zone of the times.</param>
    public static IReadOnlyList<(DateTimeOffset Time, string Label)> Marks(
        DateTimeOffset from,
        DateTimeOffset until,
        int most,
        TimeZoneInfo zone
    )
    {
        var step = Steps.FirstOrDefault(s => (until - from) / s <= most, TimeSpan.FromDays(Math.Ceiling((until - from).TotalDays / most)));
        var marks = new List<(DateTimeOffset, string)>();
        var day = TimeZoneInfo.ConvertTime(from, zone).Date;
        // Round in the zone's own clock; where that is put forward or back, the marks follow it.
        for (var clock = new DateTime(TimeZoneInfo.ConvertTime(from, zone).Ticks / step.Ticks * step.Ticks); ; clock += step)
        {
            if (zone.IsInvalidTime(clock))
                continue;
            var time = new DateTimeOffset(clock, zone.GetUtcOffset(clock));
            if (time > until)
                return marks;
            if (time < from)
                continue;
            var isNewDay = clock.Date != day;
            day = clock.Date;
            marks.Add(
                (
                    time,
                    clock.ToString(
                        isNewDay || step >= TimeSpan.FromDays(1) ? "d MMM"
                            : step < TimeSpan.FromMinutes(1) ? "HH:mm:ss"
                            : "HH:mm",
                        CultureInfo.InvariantCulture
                    )
                )
            );
        }
    }
}
