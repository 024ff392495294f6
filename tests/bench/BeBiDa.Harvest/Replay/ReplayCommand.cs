using System.CommandLine;
using System.Diagnostics;
using BeBiDa.Bench;
using BeBiDa.Harvest.Page;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Harvest.Replay;

/// <summary>The command that replays every workload and prints what lending was worth.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var nodes = new Option<int>("--nodes")
        {
            Description = "Nodes of the cluster",
            DefaultValueFactory = _ => ReplaySettings.Usual.Nodes,
        };
        var days = new Option<double>("--days") { Description = "Days of jobs", DefaultValueFactory = _ => ReplaySettings.Usual.Days };
        var seeds = new Option<int>("--seeds") { Description = "From how many seeds", DefaultValueFactory = _ => 3 };
        var swf = new Option<string?>("--swf")
        {
            Description = "A trace in the Standard Workload Format, beside those of this tree",
            HelpName = "FILE",
        };
        var processors = new Option<int>("--processors") { Description = "Processors of a node, for --swf", DefaultValueFactory = _ => 1 };
        var command = new Command("replay", "Replays every workload in the engine of bebidactl forecast, and prints what it was worth.")
        {
            nodes,
            days,
            seeds,
            swf,
            processors,
        };
        command.SetAction(arguments =>
        {
            var settings = new ReplaySettings(
                arguments.GetValue(nodes),
                arguments.GetValue(days),
                [.. Enumerable.Range(1, arguments.GetValue(seeds))]
            );
            (string, IReadOnlyList<TraceJob>)? given = arguments.GetValue(swf) is { } file
                ? (Path.GetFileName(file), Swf.Read(File.ReadLines(file), arguments.GetValue(processors), settings.Nodes))
                : null;
            var began = Stopwatch.GetTimestamp();
            var section = new Section { Name = "replay", Title = "Replay" };
            ReplaySection.Table(section, [.. ReplayCell.All(settings, given)]);
            ReplaySection.Foreseen(section, [.. ForeseenCell.All(settings, given)]);
            foreach (var line in section.Lines)
                Console.WriteLine(line);
            Console.Error.WriteLine($"in {Figures.Time(Stopwatch.GetElapsedTime(began).TotalSeconds)}");
        });
        return command;
    }
}
