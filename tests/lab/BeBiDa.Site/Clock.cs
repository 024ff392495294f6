using System.Globalization;
using BeBiDa.Lab;
using CliWrap;

namespace BeBiDa.Site;

/// <summary>A clock for programs under test: a time zone made for the day, and a time of day that can be set.</summary>
/// <remarks>The time of day is set by libfaketime (Debian's package faketime), which leaves the monotonic clock alone.</remarks>
public sealed class Clock : IDisposable
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    private const string Name = "Lab";

    private readonly string directory = Directory.CreateTempSubdirectory("bebida-clock-").FullName;

    private Clock() => Set(TimeSpan.Zero);

    /// <summary>What TZ names.</summary>
    public string Zone => Path.Combine(directory, Name);

    /// <summary>What puts a program under this clock.</summary>
    public IReadOnlyDictionary<string, string> Environment =>
        new Dictionary<string, string>
        {
            ["TZ"] = Zone,
            ["LD_PRELOAD"] = Library,
            ["FAKETIME_TIMESTAMP_FILE"] = Offset,
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            // Else a wait for a moment of the monotonic clock returns at once, again and again.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            ["FAKETIME_CACHE_DURATION"] = "1",
        };

    private string Offset => Path.Combine(directory, "offset");

    /// <summary>Makes one.</summary>
    /// <param name="midnight">When a day ends in its zone, to the minute.</param>
    /// <param name="forward">When clocks are put forward by an hour there, to the minute.</param>
    /// <exception cref="LabException">libfaketime is not installed.</exception>
    public static async Task<Clock> CreateAsync(DateTimeOffset midnight, DateTimeOffset forward)
    {
        if (!File.Exists(Library))
            throw new LabException($"{Library} is missing; install Debian's package faketime");
        var clock = new Clock();
        // Within twelve hours of UTC, as every zone is.
        var offset = -midnight.UtcDateTime.TimeOfDay;
        offset = offset <= TimeSpan.FromHours(-12) ? offset + TimeSpan.FromDays(1) : offset;
        var source = Path.Combine(clock.directory, "source");
        await File.WriteAllTextAsync(
            source,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Zone {Name} {Hours(offset)} - LAB {forward.UtcDateTime:yyyy MMM d HH:mm}u\n {Hours(offset + TimeSpan.FromHours(1))} - LABS\n"
            )
        );
        await Cli.Wrap("zic").WithArguments(["-d", clock.directory, source]).ExecuteAsync();
        return clock;
    }

    /// <summary>Sets the time of day.</summary>
    /// <param name="ahead">How far it is ahead of the host's, in whole seconds; behind it when negative.</param>
    public void Set(TimeSpan ahead)
    {
        var next = Offset + ".new";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0;-0;+0}\n"));
        File.Move(next, Offset, overwrite: true);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static string Hours(TimeSpan offset) => $"{(offset < TimeSpan.Zero ? "-" : "")}{offset:hh\\:mm}";
}
