using System.Globalization;
using BeBiDa.Lab;
using BeBiDa.Site.Observation;

namespace BeBiDa.Site;

/// <summary>A site whose nodes' use bebidactl records, and an observer adds up too.</summary>
public sealed class RecordedSite : IAsyncDisposable
{
    private readonly Tool tool;
    private readonly string journal = Directory.CreateTempSubdirectory("bebida-record-").FullName;
    private readonly CancellationTokenSource stop = new();
    private readonly Task<CommandResult> recorder;
    private DateTimeOffset since;

    private RecordedSite(Site site, TimeSpan interval, Clock? clock)
    {
        tool = clock is null ? site.Tool : site.Tool.In(new Dictionary<string, string> { ["TZ"] = clock.Zone });
        recorder = (clock is null ? tool : site.Tool.In(clock.Environment)).RunUntilAsync(
            stop.Token,
            "record",
            "--directory",
            journal,
            "--interval",
            Seconds(interval)
        );
        // What was seen counts until the next look is due, and for as long again.
        Observer = new UseObserver(site.Api.AdminKubeconfig, site.Slurm, interval * 2);
    }

    /// <summary>The second opinion.</summary>
    public UseObserver Observer { get; }

    /// <summary>Begins to record, and returns when all is known; the report begins then.</summary>
    /// <param name="site">The site.</param>
    /// <param name="interval">How often the recorder looks.</param>
    /// <param name="clock">The recorder's clock; null for the host's.</param>
    public static async Task<RecordedSite> StartAsync(Site site, TimeSpan interval, Clock? clock = null)
    {
        await site.Kubectl.RunAsync(
            "apply",
            "-f",
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac-record.yaml")
        );
        var recorded = new RecordedSite(site, interval, clock);
        await Eventually.HoldsAsync(
            "all is recorded",
            Eventually.Patience,
            async _ =>
                recorded.recorder.IsCompleted
                    ? throw new LabException((await recorded.recorder).StandardError)
                    : new[] { "slurm", "kubernetes", "handovers" }.All(source =>
                        recorded.Journal().Contains($"\"event\":\"back\",\"source\":\"{source}\"", StringComparison.Ordinal)
                    )
        );
        recorded.since = DateTimeOffset.UtcNow;
        recorded.Observer.Restart();
        return recorded;
    }

    /// <summary>Ends recording.</summary>
    /// <returns>Node-seconds by use as the observer saw them, and the report as the tool prints it.</returns>
    public async Task<(IReadOnlyDictionary<string, double> Observed, string Csv, string Json)> EndAsync()
    {
        var until = DateTimeOffset.UtcNow;
        var observed = Observer.NodeSeconds();
        await StopAsync();
        return (observed, await ReportAsync(until, "csv"), await ReportAsync(until, "json"));
    }

    /// <summary>The report's node-seconds by use, in the words of its CSV.</summary>
    public static IReadOnlyDictionary<string, double> NodeSeconds(string csv) =>
        Days(csv)
            .SelectMany(day => day.NodeSeconds)
            .GroupBy(use => use.Key, use => use.Value)
            .ToDictionary(use => use.Key, use => use.Sum());

    /// <summary>The same, day by day.</summary>
    public static IReadOnlyList<(string Day, IReadOnlyDictionary<string, double> NodeSeconds)> Days(string csv)
    {
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).ToList();
        var uses = Enumerable.Range(1, Array.IndexOf(lines[0], "total") - 1).ToList();
        return
        [
            .. from row in lines.Skip(1)
            select (
                row[0],
                (IReadOnlyDictionary<string, double>)
                    uses.ToDictionary(i => lines[0][i], i => double.Parse(row[i], CultureInfo.InvariantCulture) * 3600)
            ),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await Observer.DisposeAsync();
        await StopAsync();
        stop.Dispose();
        Directory.Delete(journal, recursive: true);
    }

    private async Task StopAsync()
    {
        await stop.CancelAsync();
        (await recorder).EnsureSucceeded();
    }

    private async Task<string> ReportAsync(DateTimeOffset until, string format) =>
        (
            await tool.RunAsync(
                "report",
                "--directory",
                journal,
                "--since",
                since.ToString("O", CultureInfo.InvariantCulture),
                "--until",
                until.ToString("O", CultureInfo.InvariantCulture),
                "--output",
                format
            )
        )
            .EnsureSucceeded()
            .StandardOutput;

    private string Journal() =>
        string.Concat(
            Directory
                .EnumerateFiles(journal, "*.jsonl")
                .Select(file =>
                {
                    using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
                    return reader.ReadToEnd();
                })
        );

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0}s");
}
