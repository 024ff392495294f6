using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using BeBiDa.EmbeddedApi;
using BeBiDa.Harvest.Traces;
using BeBiDa.Lab;

namespace BeBiDa.Harvest.Daemons;

/// <summary>The command that runs a trace on real daemons and prints what it came to.</summary>
internal static class DaemonsCommand
{
    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true };

    public static Command Create()
    {
        var usual = new DaemonsOptions();
        var nodes = new Option<int>("--nodes")
        {
            Description = "How many nodes; two processors play 32",
            DefaultValueFactory = _ => usual.Nodes,
        };
        var compress = new Option<double>("--compress")
        {
            Description = "What all times are divided by, 1 to 10",
            DefaultValueFactory = _ => usual.Compress,
        };
        compress.Validators.Add(result => Within(result, result.GetValueOrDefault<double>(), 1, 10));
        var pods = Time("--pods", "The median of the pods' lengths, before they are compressed: 30s, 5m, 1h", usual.Pods);
        var lead = Time("--lead", "How long before a planned job its nodes are held, before it is compressed", usual.Lead);
        var linger = Time("--linger", "How long a node is kept for the next job, before it is compressed", usual.Linger);
        var way = new Option<Way>("--way")
        {
            Description = "Who hands nodes over: plugin, scripts, or none",
            DefaultValueFactory = _ => usual.Way,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "What pods, and the trace, are drawn from",
            DefaultValueFactory = _ => usual.Seed,
        };
        var slots = new Option<int>("--slots")
        {
            Description = "How many pods a node takes at once",
            DefaultValueFactory = _ => usual.Slots,
        };
        var start = Time("--pod-start", "What a pod takes until it works, before it is compressed", usual.PodStart);
        var step = new Option<double>("--step")
        {
            Description = "After what share of a pod's length its work is kept, each time",
            DefaultValueFactory = _ => usual.Step,
        };
        step.Validators.Add(result => Within(result, result.GetValueOrDefault<double>(), 0.001, 1));
        var workload = new Option<string>("--workload")
        {
            Description = $"What jobs there are: {string.Join(", ", Workload.All.Select(w => w.Name))}",
            DefaultValueFactory = _ => Workload.All[1].Name,
        };
        workload.AcceptOnlyFromAmong([.. Workload.All.Select(w => w.Name)]);
        var lasts = Time("--lasts", "In how long they come, before it is compressed", TimeSpan.FromHours(1));
        var jobs = new Option<int>("--jobs")
        {
            Description = "At most so many of them; 0 for none",
            DefaultValueFactory = _ => int.MaxValue,
        };
        var idle = Time("--without-jobs", "How long is looked where there are no jobs, before it is compressed", usual.WithoutJobs);
        var api = new Option<ApiServerKind>("--api")
        {
            Description = "The API server: embedded, or real from KUBEBUILDER_ASSETS; the real one if there is one",
            DefaultValueFactory = _ => usual.Api,
        };
        var output = new Option<FileInfo?>("--output") { Description = "A file for everything as JSON, with who had each node when" };
        var command = new Command(
            "daemons",
            "Runs a trace on real daemons, with hollow kubelets, and prints what lending was worth. Needs root."
        )
        {
            nodes,
            compress,
            pods,
            lead,
            linger,
            way,
            seed,
            slots,
            start,
            step,
            workload,
            lasts,
            jobs,
            idle,
            api,
            output,
        };
        command.SetAction(
            async (arguments, stop) =>
            {
                var options = usual with
                {
                    Nodes = arguments.GetValue(nodes),
                    Compress = arguments.GetValue(compress),
                    Pods = arguments.GetValue(pods),
                    Lead = arguments.GetValue(lead),
                    Linger = arguments.GetValue(linger),
                    Way = arguments.GetValue(way),
                    Seed = arguments.GetValue(seed),
                    Slots = arguments.GetValue(slots),
                    PodStart = arguments.GetValue(start),
                    Step = arguments.GetValue(step),
                    WithoutJobs = arguments.GetValue(idle),
                    Api = arguments.GetValue(api),
                };
                try
                {
                    var trace = Workload
                        .All.Single(w => w.Name == arguments.GetValue(workload))
                        .Make(options.Nodes, arguments.GetValue(lasts).TotalDays, options.Seed);
                    var run = await DaemonsCell.RunAsync(options, [.. trace.Take(arguments.GetValue(jobs))], Say, stop);
                    Console.WriteLine(Summary.Of(run));
                    if (arguments.GetValue(output) is { } file)
                        await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(run, s_format), stop);
                    return 0;
                }
                catch (Exception e) when (IsOfDaemons(e))
                {
                    await Console.Error.WriteLineAsync($"harvest: {e.Message}");
                    return 1;
                }
            }
        );
        return command;
    }

    /// <summary>Whether a daemon, or a request to one, failed, rather than this program.</summary>
    public static bool IsOfDaemons(Exception e) =>
        e
            is LabException
                or TimeoutException
                or IOException
                or HttpRequestException
                or OperationCanceledException
                or Hollow.Api.ApiException
                or k8s.Autorest.HttpOperationException;

    /// <summary>Says how far it has come.</summary>
    public static void Say(string what) => Console.Error.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");

    private static Option<TimeSpan> Time(string name, string description, TimeSpan usual) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
                if (!Duration.TryParse(result.Tokens[0].Value, out var time))
                    result.AddError($"{name} is a duration, such as 30s or 1h");
                return time;
            },
        };

    private static void Within(OptionResult result, double value, double least, double most)
    {
        if (value < least || value > most)
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{result.Option.Name} is {least} to {most}"));
    }
}
