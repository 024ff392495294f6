using System.Diagnostics;
using System.Globalization;
using BeBiDa.Site;
using BeBiDa.Site.Observation;
using k8s;
using k8s.Models;

namespace BeBiDa.RecordCheck;

/// <summary>Lets a site live for a while, and says whether the report of it is what an observer saw.</summary>
internal static class Comparison
{
    private const int Nodes = 4;
    private const string Namespace = "default";

    // Of all node-seconds, each use; and for each crash an interval, within which nobody can say when it was.
    private const double Tolerated = 0.01;
    private const int Crashes = 2;

    // When what happens to the clock, of all the time; slurmctld is killed after a third and two thirds.
    private const double Midnight = 0.35;
    private const double SetBack = 0.5;
    private const double SetRight = 0.75;
    private const double Forward = 0.9;
    private const double WrongBy = 1 / 30.0;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(25);

    /// <summary>Runs it, and prints both tables and how they differ.</summary>
    /// <returns>Whether no use differs by more than is tolerated.</returns>
    public static async Task<bool> RunAsync(TimeSpan time)
    {
        await using var site = await Site.Site.StartAsync(
            new SiteOptions { Nodes = Nodes, Configuration = "eviction: {gracePeriod: 10s}\nslurm: {lookInterval: 1s}\n" }
        );
        await FillAsync(site.Client);
        var now = DateTimeOffset.UtcNow;
        var midnight = Minute(now + time * Midnight);
        using var clock = await Clock.CreateAsync(midnight, Minute(now + time * Forward));
        await using var recorded = await RecordedSite.StartAsync(site, Interval, clock);
        var dayBefore = SeenUntilAsync(recorded.Observer, midnight);
        var wrong = SetWrongAsync(clock, now, time);
        await LiveAsync(site, time);
        await wrong;
        var (observed, csv, json) = await recorded.EndAsync();
        Console.WriteLine($"bebidactl report --output csv, node-hours:\n\n{csv}");
        Console.WriteLine($"bebidactl report --output json:\n\n{json}");
        var first = await dayBefore;
        IReadOnlyDictionary<string, double>[] seen =
        [
            first,
            observed.ToDictionary(use => use.Key, use => use.Value - first.GetValueOrDefault(use.Key)),
        ];
        var days = RecordedSite.Days(csv);
        if (days.Count != seen.Length)
            Console.WriteLine($"The report has {days.Count} days, and there was one midnight.");
        return days.Zip(seen).Select(day => Compare(day.First.Day, day.Second, day.First.NodeSeconds)).ToList().TrueForAll(agrees => agrees)
            && days.Count == seen.Length;
    }

    private static async Task<IReadOnlyDictionary<string, double>> SeenUntilAsync(UseObserver observer, DateTimeOffset midnight)
    {
        await Task.Delay(midnight - DateTimeOffset.UtcNow);
        return observer.NodeSeconds();
    }

    // As a clock without a battery, until its time server is found.
    private static async Task SetWrongAsync(Clock clock, DateTimeOffset began, TimeSpan time)
    {
        var off = TimeSpan.FromSeconds(Math.Round(time.TotalSeconds * WrongBy));
        await Task.Delay(began + time * SetBack - DateTimeOffset.UtcNow);
        clock.Set(-off);
        Console.Error.WriteLine($"the recorder's clock is set back by {off.TotalSeconds:0} s");
        await Task.Delay(began + time * SetRight - DateTimeOffset.UtcNow);
        clock.Set(TimeSpan.Zero);
        Console.Error.WriteLine("the recorder's clock is right again");
    }

    private static DateTimeOffset Minute(DateTimeOffset time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerMinute, TimeSpan.Zero);

    private static bool Compare(string day, IReadOnlyDictionary<string, double> observed, IReadOnlyDictionary<string, double> reported)
    {
        var total = observed.Values.Sum();
        var tolerated = Tolerated + Crashes * Nodes * Interval.TotalSeconds / total;
        var agrees = true;
        Console.WriteLine($"{day, -16}{"observed", 12}{"reported", 12}{"difference", 12}   of all, in node-seconds");
        foreach (var (use, seconds) in reported.Append(KeyValuePair.Create("all", reported.Values.Sum())))
        {
            var seen = use == "all" ? total : observed.GetValueOrDefault(use);
            var part = (seconds - seen) / total;
            var isClose = Math.Abs(part) <= tolerated;
            agrees &= isClose;
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{use, -16}{seen, 12:0.0}{seconds, 12:0.0}{seconds - seen, 12:0.0}{part * 100, 8:0.00} %{(isClose ? "" : "   too much")}"
                )
            );
        }
        return agrees;
    }

    // Jobs of one to three nodes, pauses in which pods return, an admin's cordon, a drain, and two crashes of slurmctld.
    private static async Task LiveAsync(Site.Site site, TimeSpan time)
    {
        var random = new Random(1);
        var begun = Stopwatch.GetTimestamp();
        var kills = new Queue<TimeSpan>(Enumerable.Range(1, Crashes).Select(crash => time * crash / (Crashes + 1)));
        for (var round = 0; Stopwatch.GetElapsedTime(begun) < time; round++)
        {
            var length = random.Next(10, 30);
            await site.Slurm.SubmitAsync(["-N", $"{random.Next(1, 4)}", "--output=/dev/null", "--wrap", $"sleep {length}"]);
            await PassAsync(random.Next(5, 25));
            if (kills.TryPeek(out var next) && Stopwatch.GetElapsedTime(begun) >= next)
            {
                kills.Dequeue();
                await site.Slurm.StopControllerAsync(kill: true);
                await Task.Delay(Away);
                await site.Slurm.StartControllerAsync();
            }
            if (round % 4 == 1)
                await site.Kubectl.RunAsync(round % 8 == 1 ? "cordon" : "uncordon", "n4");
            // Refused where a crash has undone the drain before: slurmctld had not written it down.
            if (round % 4 == 3)
                await site.Slurm.RunAsync(
                    "scontrol",
                    round % 8 == 3 ? ["update", "NodeName=n3", "State=drain", "Reason=memory"] : ["update", "NodeName=n3", "State=resume"]
                );
            await PassAsync(random.Next(0, 30));
            Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(begun):mm\\:ss} of {time:hh\\:mm\\:ss}");
        }
    }

    private static Task PassAsync(int seconds) => Task.Delay(TimeSpan.FromSeconds(seconds));

    // Some nodes have pods, others none.
    private static Task FillAsync(Kubernetes client)
    {
        var labels = new Dictionary<string, string> { ["app"] = "executor" };
        return client.AppsV1.CreateNamespacedDeploymentAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = "executors" },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 3,
                    Selector = new V1LabelSelector { MatchLabels = labels },
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta
                        {
                            Labels = labels,
                            Annotations = new Dictionary<string, string> { [Hollow.Nodes.PodAnnotations.TerminationSeconds] = "2" },
                        },
                        Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = "executor" }] },
                    },
                },
            },
            Namespace
        );
    }
}
