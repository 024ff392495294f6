using System.Globalization;

namespace BeBiDa.Harvest.Daemons;

/// <summary>The processors' time so far, in the kernel's ticks.</summary>
/// <param name="Own">That of this process and all that it started, and they.</param>
/// <param name="Busy">That of all processes, and the hypervisor's.</param>
/// <param name="All">All there was.</param>
internal readonly record struct ProcessorTime(long Own, long Busy, long All)
{
    /// <summary>As it is now.</summary>
    public static ProcessorTime Now()
    {
        // proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
        var ticks = Numbers(File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]);
        return new ProcessorTime(OwnTicks(), ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    private static long OwnTicks()
    {
        var children = new Dictionary<int, List<(int Id, long Ticks)>>();
        var own = 0L;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id) || Read(id) is not { } stat)
                continue;
            if (id == Environment.ProcessId)
                own = stat.Ticks;
            if (!children.TryGetValue(stat.Parent, out var siblings))
                children[stat.Parent] = siblings = [];
            siblings.Add((id, stat.Ticks));
        }
        return own + Below(Environment.ProcessId);

        long Below(int parent) => children.TryGetValue(parent, out var all) ? all.Sum(child => child.Ticks + Below(child.Id)) : 0;
    }

    // proc(5): the parent is the second after the name in parentheses; utime, stime, and those of the children that have ended
    // are the twelfth and the three after.
    private static (int Parent, long Ticks)? Read(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(words[1], CultureInfo.InvariantCulture), Numbers(words[11..15]).Sum());
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static List<long> Numbers(IEnumerable<string> words) =>
        [.. words.Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
}
