using System.CommandLine;
using System.Diagnostics;
using BeBiDa.Bench;
using BeBiDa.Harvest.Page;
using BeBiDa.Harvest.Replay;
using BeBiDa.Harvest.Traces;

var nodes = new Option<int>("--nodes") { Description = "Nodes of the cluster", DefaultValueFactory = _ => 64 };
var days = new Option<double>("--days") { Description = "Days of jobs", DefaultValueFactory = _ => 7 };
var seeds = new Option<int>("--seeds") { Description = "From how many seeds", DefaultValueFactory = _ => 3 };
var swf = new Option<string?>("--swf")
{
    Description = "A trace in the Standard Workload Format, beside those of this tree",
    HelpName = "FILE",
};
var processors = new Option<int>("--processors") { Description = "Processors of a node, for --swf", DefaultValueFactory = _ => 1 };
var replay = new Command("replay", "Replays every workload in the engine of bebidactl forecast, and prints what it was worth.")
{
    nodes,
    days,
    seeds,
    swf,
    processors,
};
replay.SetAction(arguments =>
{
    var settings = new ReplaySettings(
        arguments.GetValue(nodes),
        arguments.GetValue(days),
        [.. Enumerable.Range(1, arguments.GetValue(seeds))]
    );
    (string, IReadOnlyList<TraceJob>)? given = arguments.GetValue(swf) is { } file
        ? (Path.GetFileName(file), Swf.Read(File.ReadLines(file), arguments.GetValue(processors), settings.Nodes))
        : null;
    var (began, section) = (Stopwatch.GetTimestamp(), new Section { Name = "replay", Title = "Replay" });
    section.Table(
        ["workload", "pods of", .. FigureRow.Head],
        ReplayCell
            .All(settings, given)
            .Select(cell =>
                (IReadOnlyList<string>)
                    [cell.Workload, BeBiDa.Duration.Format(cell.Pods), .. FigureRow.Of([.. cell.Runs.Select(run => run.Figures)])]
            )
    );
    foreach (var line in section.Lines)
        Console.WriteLine(line);
    Console.Error.WriteLine($"in {Figures.Time(Stopwatch.GetElapsedTime(began).TotalSeconds)}");
});
var command = new RootCommand("Measures what lending is worth, and writes docs/harvest.md and its pictures.") { replay };
return await command.Parse(args).InvokeAsync();
