using System.Globalization;

namespace BeBiDa.Bench;

/// <summary>The processor time, in seconds, that this process and those that it has started have had so far, by the name of the program.</summary>
internal sealed class ProcessorTimes
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK): Linux shows the same everywhere

    private readonly Dictionary<string, double> seconds = [];

    private ProcessorTimes() { }

    /// <summary>What they have had since; this process, with what it has started and what has ended since, is "client".</summary>
    public IReadOnlyDictionary<string, double> Since(ProcessorTimes before) =>
        seconds.ToDictionary(s => s.Key, s => s.Value - before.seconds.GetValueOrDefault(s.Key));

    /// <summary>That of one program.</summary>
    public double Of(string program) => seconds.GetValueOrDefault(program);

    /// <summary>What all of the machine has spent, in seconds: proc(5), the first line of /proc/stat without idle, iowait and steal.</summary>
    public static double OfMachine()
    {
        var words = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new[] { 1, 2, 3, 6, 7 }.Sum(column => long.Parse(words[column], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Reads them.</summary>
    public static ProcessorTimes Read()
    {
        var times = new ProcessorTimes();
        times.Add("client", Stat(Environment.ProcessId)!, withEnded: true);
        var all = Directory
            .GetDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), out _))
            .Select(d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture))
            .Select(id => (Id: id, Stat: Stat(id)))
            .Where(p => p.Stat is not null)
            .ToDictionary(p => p.Id, p => p.Stat!);
        foreach (var (id, stat) in all)
            if (id != Environment.ProcessId && IsOurs(id))
                times.Add(Name(id), stat, withEnded: false);
        return times;

        // Through the shells that end servers with this process.
        bool IsOurs(int id) =>
            id == Environment.ProcessId
            || (
                all.TryGetValue(id, out var stat)
                && int.Parse(stat[1], CultureInfo.InvariantCulture) is var parent and > 1
                && IsOurs(parent)
            );
    }

    private void Add(string name, string[] stat, bool withEnded) =>
        seconds[name] =
            seconds.GetValueOrDefault(name)
            + stat.Skip(11).Take(withEnded ? 4 : 2).Sum(word => long.Parse(word, CultureInfo.InvariantCulture)) / TicksPerSecond;

    // proc(5): what follows the name, which stands in parentheses; 1 is the parent, 11 to 14 are utime, stime, cutime, cstime.
    private static string[]? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }

    private static string Name(int id)
    {
        try
        {
            // One of .NET's bears the name of the host program.
            return File.ReadAllText($"/proc/{id}/cmdline").Contains("hollow-cluster", StringComparison.Ordinal)
                ? "kubelets"
                : File.ReadAllText($"/proc/{id}/comm").Trim();
        }
        catch (IOException)
        {
            return "ended";
        }
    }
}
