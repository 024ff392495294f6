using System.Globalization;

namespace BeBiDa.Footprint;

/// <summary>The processor time of a process.</summary>
internal static class ProcessorTime
{
    // sysconf(3): what /proc counts in, on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Its seconds so far.</summary>
    /// <remarks>proc(5): the 14th and 15th field of stat; the second is in parentheses and may hold any character.</remarks>
    public static double Of(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture))
            / TicksPerSecond;
    }
}
