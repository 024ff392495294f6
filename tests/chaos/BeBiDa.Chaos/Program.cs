using System.CommandLine;
using BeBiDa.Chaos;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;

// An API server, its nodes and the observer share this process: what the observer sees must not wait for a thread.
ThreadPool.SetMinThreads(64, 64);

var seed = new Option<int>("--seed") { Description = "What jobs and adversities are drawn from", DefaultValueFactory = _ => 1 };
var minutes = new Option<double>("--minutes") { Description = "For how long things go wrong", DefaultValueFactory = _ => 10 };
var api = new Option<string>("--api")
{
    Description = "The API server: the embedded one, a real one from KUBEBUILDER_ASSETS, or one after the other",
    DefaultValueFactory = _ => "embedded",
};
api.AcceptOnlyFromAmong("embedded", "real", "both");
var longOutage = new Option<bool>("--long-outage")
{
    Description = "With an outage longer than controller.deadline: jobs then start by policy, and are named",
};
var lead = new Option<int>("--lead")
{
    Description = "For how many seconds nodes are held before a planned job",
    DefaultValueFactory = _ => 900,
};
var linger = new Option<int>("--linger") { Description = "For how many seconds nodes are kept for the next job" };
var control = new Option<bool>("--control")
{
    Description = "The observer's own test: with scripts instead of the plugin it must find violations",
};
var command = new RootCommand("Jobs on a site where everything goes wrong in turn; exits with 0 only if every promise held.")
{
    seed,
    minutes,
    api,
    longOutage,
    linger,
    lead,
    control,
};
command.SetAction(async arguments =>
{
    ApiServerKind[] kinds = arguments.GetValue(api) switch
    {
        "real" => [ApiServerKind.Real],
        "both" => [ApiServerKind.Embedded, ApiServerKind.Real],
        _ => [ApiServerKind.Embedded],
    };
    var held = true;
    try
    {
        foreach (var kind in kinds)
        {
            var options = new ChaosOptions
            {
                Seed = arguments.GetValue(seed),
                Time = TimeSpan.FromMinutes(arguments.GetValue(minutes)),
                Api = kind,
                LongOutage = arguments.GetValue(longOutage),
                Linger = TimeSpan.FromSeconds(arguments.GetValue(linger)),
                Lead = TimeSpan.FromSeconds(arguments.GetValue(lead)),
                Say = Say,
            };
            var report = arguments.GetValue(control) ? await Control.RunAsync(kind, Say) : await ChaosRun.RunAsync(options);
            report.Print(Console.Out);
            held &= report.Held;
        }
    }
    catch (Exception e) when (e is LabException or TimeoutException or DirectoryNotFoundException or FileNotFoundException)
    {
        Console.Error.WriteLine($"chaos: {e.Message}");
        return 1;
    }
    return held ? 0 : 1;
});
return await command.Parse(args).InvokeAsync();

static void Say(string what) => Console.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");
