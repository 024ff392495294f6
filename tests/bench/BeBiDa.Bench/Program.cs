using System.CommandLine;
using System.Diagnostics;
using BeBiDa.Bench;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;

IMeasurement[] all =
[
    new EmptyNodes(),
    new Sizes(),
    new Throughput(),
    new LastPod(),
    new Foreseen(),
    new RequestEconomy(),
    new Neighbour(),
    new Processes(),
];
var api = new Option<ApiServerKind>("--api")
{
    Description = "The Kubernetes API server: the embedded one, or a real one from KUBEBUILDER_ASSETS; the real one if there is one",
    DefaultValueFactory = _ => TestServers.All.Last(),
};
var quick = new Option<bool>("--quick")
{
    Description = "Only check that it works: few rounds, few nodes, few jobs; writes to build/bench/quick",
};
var only = new Option<string[]>("--only")
{
    Description = $"Measure only these, and keep earlier figures of the others: {string.Join(", ", all.Select(m => m.Name))}",
    AllowMultipleArgumentsPerToken = true,
};
only.AcceptOnlyFromAmong([.. all.Select(m => m.Name)]);
var nodes = new Option<int[]>("--nodes")
{
    Description = "Sizes of jobs",
    DefaultValueFactory = _ => [1, 8, 32, 128, 512, 1000],
    AllowMultipleArgumentsPerToken = true,
};
var pods = new Option<int[]>("--pods")
{
    Description = "Pods on each node",
    DefaultValueFactory = _ => [0, 10, 30],
    AllowMultipleArgumentsPerToken = true,
};
var mostPods = new Option<int>("--pods-at-most") { Description = "Leave out sizes with more pods", DefaultValueFactory = _ => 30_000 };
var jobs = new Option<int>("--jobs") { Description = "Short jobs to measure slurmctld's throughput with", DefaultValueFactory = _ => 2000 };
var patience = new Option<int>("--patience")
{
    Description = "Seconds that a hand-over by kubectl may take to be measured and not extrapolated; 0 leaves kubectl out",
    DefaultValueFactory = _ => 60,
};
var command = new RootCommand("Measures speed beside peers, and writes docs/performance.md and docs/images/performance.svg.")
{
    api,
    quick,
    only,
    nodes,
    pods,
    mostPods,
    jobs,
    patience,
};
command.SetAction(async arguments =>
{
    var settings = new Settings(
        arguments.GetValue(api),
        arguments.GetValue(quick),
        [.. arguments.GetValue(nodes)!.Order()],
        [.. arguments.GetValue(pods)!.Order()],
        arguments.GetValue(mostPods),
        arguments.GetValue(jobs),
        TimeSpan.FromSeconds(arguments.GetValue(patience))
    );
    var root = PluginBuild.RepositoryRoot();
    var results = Directory.CreateDirectory(Path.Combine(root, "build", "bench", settings.Quick ? "quick" : "full")).FullName;
    var failed = 0;
    foreach (var measurement in all.Where(m => arguments.GetValue(only) is not { Length: > 0 } names || names.Contains(m.Name)))
    {
        Console.Error.WriteLine($"{measurement.Title} ...");
        var section = new Section { Name = measurement.Name, Title = measurement.Title };
        var (began, before) = (Stopwatch.GetTimestamp(), Machine.Load);
        try
        {
            await measurement.RunAsync(settings, section);
        }
        catch (Exception e)
            when (e
                    is LabException
                        or TimeoutException
                        or IOException
                        or HttpRequestException
                        or InvalidOperationException
                        or BeBiDa.Hollow.Api.ApiException
                        or System.ComponentModel.Win32Exception
            )
        {
            Console.Error.WriteLine($"bench: {measurement.Name}: {e.Message}");
            failed++;
            continue;
        }
        var server = measurement.Server(settings) == ApiServerKind.Real ? "a real kube-apiserver" : "the embedded API server";
        section.Circumstances =
            $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Figures.Time(Stopwatch.GetElapsedTime(began).TotalSeconds)}, with {server}; load average {before} before and {Machine.Load} after; commit {await Machine.CommitAsync()}";
        section.Save(Path.Combine(results, $"{section.Name}.json"));
    }

    var sections = all.Select(m => Section.Load(Path.Combine(results, $"{m.Name}.json"))).OfType<Section>().ToList();
    var curves = sections.SelectMany(s => s.Curves).ToList();
    var docs = settings.Quick ? results : Path.Combine(root, "docs");
    Directory.CreateDirectory(Path.Combine(docs, "images"));
    if (curves.Any(c => c.Points.Count > 0))
        File.WriteAllText(Path.Combine(docs, "images", "performance.svg"), Plot.Draw("Until a job has its nodes", curves));
    var tried = File.ReadAllText(Path.Combine(root, "tests", "bench", "tried.md"));
    var page = Document.Write(await Machine.DescribeAsync(), sections, tried, curves.Count > 0);
    File.WriteAllText(Path.Combine(docs, "performance.md"), page);
    Console.WriteLine(page);
    return failed > 0 ? 1 : 0;
});
return await command.Parse(args).InvokeAsync();
