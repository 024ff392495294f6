using System.CommandLine;
using BeBiDa.Cli.Forecasts;
using BeBiDa.Configuration;
using BeBiDa.Forecasting;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl forecast</c>: what lending would have been worth, by what Slurm remembers.</summary>
internal static class ForecastCommand
{
    private const string Examples = $$"""
        # A month, from Slurm's accounting
        {{JobHistory.Command}}
        bebidactl forecast jobs.txt

        # With the times in which nodes were down or drained, as a page to show
        {{NodeEvents.Command}}
        bebidactl forecast jobs.txt --events events.txt --nodes 'n[1-128]' --pods 10m --pods 2h --output forecast.html

        # What nodes.linger would save and cost
        bebidactl forecast jobs.txt --pods 10m --linger 0s --linger 10s --linger 30s
        """;

    private const int MostPodsPerNode = 1000;

    public static Command Create(GlobalOptions globals)
    {
        var file = new Argument<string>("file") { Description = "What sacct printed (see the examples)", HelpName = "FILE" };
        var events = new Option<string?>("--events")
        {
            Description = "What sacctmgr printed of nodes that were down or drained (see the examples). Default: none were",
            HelpName = "FILE",
        };
        var nodes = new Option<string?>("--nodes")
        {
            Description = "All nodes that could be lent: n1,n2 or n[1-8]. Default: those that jobs in the file had",
            HelpName = "LIST",
        };
        var (since, until) = (
            Moment.Option("--since", "Start: a time (2026-01-31T08:00) or an age. Default: the first job's start"),
            Moment.Option("--until", "End, in the same form. Default: the last job's end")
        );
        var pods = Durations("--pods", "How long half of the pods run at most; repeat it to compare. Default: 30s, 5m and 1h", above: true);
        var linger = Durations(
            "--linger",
            "How long a node is kept for the next job; repeat it to compare. Default: nodes.linger in bebida.yaml",
            above: false
        );
        var step = DurationOption.Create(
            "--step",
            "How often a pod saves its work; what came after is lost when it is ended. Default: never"
        );
        var podStart = DurationOption.Create("--pod-start", "From a free place on a node to a pod's first work. Default: 2s");
        var podEnd = DurationOption.Create("--pod-end", "How long a pod takes to end after SIGTERM. Default: 1s");
        var podsPerNode = new Option<int>("--pods-per-node")
        {
            Description = "Pods on a node at once",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        podsPerNode.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostPodsPerNode)
                result.AddError($"--pods-per-node takes 1 to {MostPodsPerNode}");
        });
        var seed = new Option<int>("--seed")
        {
            Description = "Chooses the pods' lengths; the same seed gives the same forecast",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var output = DocumentOutput.Option();
        var command = new ExemplifiedCommand(
            "forecast",
            "Say what lending would have been worth, from a site's own history of jobs. It needs neither configuration nor Kubernetes.",
            Examples
        )
        {
            file,
            events,
            nodes,
            since,
            until,
            pods,
            linger,
            step,
            podStart,
            podEnd,
            podsPerNode,
            seed,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var configuration = Configuration(parsed.GetValue(globals.Config));
                var policy = new JobPolicy(configuration.Jobs, configuration.Nodes);
                var jobs = JobHistory.Read(parsed.GetValue(file)!, policy);
                var names = new HostNames(NodeList.ExpandAsync);
                var expanded = await names.ExpandAsync(jobs.Select(job => job.Nodes).Distinct(), cancellationToken).ConfigureAwait(false);
                var all = parsed.GetValue(nodes) is { } list
                    ? await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false)
                    : null;
                var model = new LendingModel
                {
                    PodLength = TimeSpan.Zero,
                    Step = parsed.GetValue(step) ?? TimeSpan.Zero,
                    PodStart = parsed.GetValue(podStart) ?? TimeSpan.FromSeconds(2),
                    PodEnd = parsed.GetValue(podEnd) ?? TimeSpan.FromSeconds(1),
                    PodsPerNode = parsed.GetValue(podsPerNode),
                    Eviction = configuration.Eviction,
                };
                TimeSpan[] lengths = parsed.GetValue(pods) is { Length: > 0 } given
                    ? given
                    : [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)];
                TimeSpan[] lingers = parsed.GetValue(linger) is { Length: > 0 } times ? times : [configuration.Nodes.Linger];
                var now = DateTimeOffset.Now;
                var forecast = Forecast.Of(
                    jobs,
                    parsed.GetValue(events) is { } path ? NodeEvents.Read(path) : [],
                    expanded,
                    all,
                    policy,
                    (parsed.GetValue(since)?.Invoke(now), parsed.GetValue(until)?.Invoke(now)),
                    lengths.SelectMany(length => lingers.Select(time => model with { PodLength = length, Linger = time })),
                    parsed.GetValue(seed)
                );
                await (parsed.GetValue(output) ?? DocumentOutput.Table)
                    .WriteAsync(
                        format =>
                            format switch
                            {
                                "json" => ForecastOutput.Json(forecast),
                                "csv" => ForecastOutput.Csv(forecast),
                                "html" => ForecastPage.Of(forecast),
                                _ => ForecastText.Of(forecast),
                            },
                        parsed.InvocationConfiguration.Output
                    )
                    .ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    // A site that has none yet is asked for none.
    private static BebidaConfiguration Configuration(string? file) =>
        file is not null || File.Exists(ConfigurationFile.Path)
            ? ConfigurationFile.Load(file ?? ConfigurationFile.Path, kubernetes: false)
            : new BebidaConfiguration();

    private static Option<TimeSpan[]> Durations(string name, string description, bool above) =>
        new(name)
        {
            Description = description,
            HelpName = "DURATION",
            CustomParser = result =>
            {
                var durations = new List<TimeSpan>();
                foreach (var token in result.Tokens)
                    if (Duration.TryParse(token.Value, out var duration) && (duration > TimeSpan.Zero || !above))
                        durations.Add(duration);
                    else
                        result.AddError($"{name} takes a duration{(above ? " above 0" : "")} (30s, 5m, 1h30m), not '{token.Value}'");
                return [.. durations];
            },
        };
}
