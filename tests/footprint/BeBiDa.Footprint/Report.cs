namespace BeBiDa.Footprint;

/// <summary>What was measured, in lines, and whether it is what is claimed.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="alone">slurmctld without the plugin; null while that is measured itself.</param>
internal sealed class Report(TextWriter output, ProcessState? alone)
{
    private const double LongestHook = 200; // µs
    private const double LongestOfOurs = 100;
    private const long Megabyte = 1 << 20;
    private const long MostAdded = 40;
    private const long MostGrowth = 4;
    private const int MostThreads = 6 + 8; // bebida_submit, bebida_complete; Finalizer, Timer, Sockets, Gate and the pool's workers
    private const int MostFiles = 4;

    private readonly List<(int Jobs, ProcessState State)> samples = [];

    /// <summary>Whether every claim held so far.</summary>
    public bool Held { get; private set; } = true;

    /// <summary>slurmctld after so many jobs.</summary>
    public void Sample(int jobs, ProcessState state)
    {
        samples.Add((jobs, state));
        output.WriteLine(
            $"  {jobs, 6} jobs: {Mega(state.Resident), 5:0.0} MB, {Mega(state.Anonymous), 5:0.0} of it anonymous; {state.OurThreads.Count} threads of ours, {state.Descriptors.Count} files"
        );
    }

    /// <summary>The hooks' times since a call.</summary>
    public void Hooks(string of, HookTimes times, int since)
    {
        foreach (var epilog in new[] { false, true })
        {
            var hooks = times.From(since, epilog, described: false);
            var name = $"{(epilog ? "epilog" : "prolog")} hook, {of}";
            output.WriteLine($"{name}:");
            Lines("the hook", hooks);
            var described = times.From(since, epilog, described: true);
            Lines("slurmctld's own description of the job, which is part of it, alone", described);
            // What is not ours to shorten may take longer by itself: slurmctld is given fresh memory for each variable.
            var own = At(described, call => call.Processor, 0.99);
            Claim(
                $"  p99 of the {name}, processor time",
                At(hooks, call => call.Processor, 0.99),
                Math.Max(LongestHook, own + LongestOfOurs),
                " µs"
            );
            // slurmctld's memory allocator has locks of its own.
            Claim(
                $"  calls of the {name}, that waited for something",
                hooks.Count(call => call.Waits > 0),
                Math.Ceiling(hooks.Count / 100.0),
                ""
            );
        }
    }

    private void Lines(string what, IReadOnlyList<HookTime> calls)
    {
        output.WriteLine($"  {what}, {calls.Count} calls, {calls.Count(call => call.Waits > 0)} of them waited for something:");
        Line("processor time", call => call.Processor);
        Line("by the clock", call => call.Wall);

        void Line(string unit, Func<HookTime, double> time) =>
            output.WriteLine($"    {unit}: p50 {At(calls, time, 0.5):0}, p99 {At(calls, time, 0.99):0}, max {At(calls, time, 1):0} µs");
    }

    /// <summary>slurmctld at the end.</summary>
    public void Process(ProcessState end)
    {
        var warm = samples.Where(sample => sample.Jobs >= samples[^1].Jobs / 2).ToList();
        foreach (var threads in end.OurThreads.GroupBy(thread => thread.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
            output.WriteLine($"  {threads.Count()} {threads.Key}");
        Claim("threads added, at most", samples.Max(sample => sample.State.OurThreads.Count), MostThreads, "");
        Claim("resident memory added", Mega(samples[^1].State.Resident - alone!.Resident), MostAdded, " MB");
        Claim(
            "growth of anonymous memory over the last half of the jobs",
            Mega(samples[^1].State.Anonymous - warm[0].State.Anonymous),
            MostGrowth,
            " MB"
        );
        Claim("files added", samples[^1].State.Descriptors.Count - alone.Descriptors.Count, MostFiles, "");
        Claim(
            "files of ours that a program executed by slurmctld would get",
            end.Descriptors.Count(file => !file.ClosesOnExec) - alone.Descriptors.Count(file => !file.ClosesOnExec),
            0,
            ""
        );
    }

    /// <summary>One number, and how big it may be.</summary>
    public void Claim(string what, double found, double most, string unit)
    {
        var held = found <= most;
        Held &= held;
        output.WriteLine($"{what}: {found:0.#}{unit}, at most {most:0.#}{unit}: {(held ? "held" : "NOT HELD")}");
    }

    private static double Mega(long bytes) => bytes / (double)Megabyte;

    private static double At(IReadOnlyList<HookTime> calls, Func<HookTime, double> time, double share)
    {
        var sorted = calls.Select(time).Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }
}
