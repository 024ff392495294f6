using System.Collections.Concurrent;
using System.Diagnostics;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// Lets a status be written at once, and then not again for a moment: a thousand pods that become ready one after
/// another are worth a few writes of their owner's status, not a thousand.
/// </summary>
internal sealed class Pace
{
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, long> _last = new();

    /// <summary>Null if the status may be written now, and otherwise how long to wait.</summary>
    public TimeSpan? Wait(string key)
    {
        var since = _last.TryGetValue(key, out var last) ? Stopwatch.GetElapsedTime(last) : s_least;
        if (since < s_least)
            return s_least - since;
        _last[key] = Stopwatch.GetTimestamp();
        return null;
    }
}
