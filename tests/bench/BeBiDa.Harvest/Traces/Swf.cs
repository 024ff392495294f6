using System.Globalization;

namespace BeBiDa.Harvest.Traces;

/// <summary>Reads the Standard Workload Format, version 2.2, of the Parallel Workloads Archive.</summary>
internal static class Swf
{
    // Where the fields stand, from 0 (https://www.cs.huji.ac.il/labs/parallel/workload/swf.html).
    private const int Submit = 1,
        Runtime = 3,
        Allocated = 4,
        RequestedProcessors = 7,
        RequestedTime = 8,
        User = 11,
        Fields = 18;

    /// <summary>Reads a trace. Jobs that never ran, or of unknown size, are left out.</summary>
    /// <param name="lines">The lines; those that begin with a semicolon are comments.</param>
    /// <param name="processors">How many processors a node has; jobs get whole nodes.</param>
    /// <param name="nodes">Jobs that need more nodes are made as wide as these.</param>
    /// <exception cref="FormatException">A line is none of this format.</exception>
    public static IReadOnlyList<TraceJob> Read(IEnumerable<string> lines, int processors, int nodes)
    {
        var jobs = new List<TraceJob>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            var fields = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0 || fields[0].StartsWith(';'))
                continue;
            if (fields.Length < Fields)
                throw new FormatException($"line {number}: {fields.Length} fields instead of {Fields}");
            double Value(int field) =>
                double.TryParse(fields[field], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                    ? value
                    : throw new FormatException($"line {number}, field {field + 1}: '{fields[field]}' is no number");
            var (runtime, size) = (Value(Runtime), Value(Allocated) > 0 ? Value(Allocated) : Value(RequestedProcessors));
            if (runtime <= 0 || size <= 0)
                continue;
            jobs.Add(
                new TraceJob(
                    jobs.Count + 1,
                    TimeSpan.FromSeconds(Math.Max(0, Value(Submit))),
                    TimeSpan.FromSeconds(runtime),
                    TimeSpan.FromSeconds(Math.Max(runtime, Value(RequestedTime))),
                    Math.Clamp((int)Math.Ceiling(size / processors), 1, nodes),
                    (uint)Math.Max(0, Value(User))
                )
            );
        }
        return [.. jobs.OrderBy(job => job.Submit)];
    }
}
