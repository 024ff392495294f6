using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;
using BeBiDa.Site;
using BeBiDa.Site.Observation;
using k8s;
using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>A job takes two nodes from a running application, and the nodes return: on one host, without systemd.</summary>
internal sealed partial class HostStory(Site.Site site, Narrator narrator, Claims claims)
{
    private static readonly TimeSpan Patience = Eventually.Patience;
    private static readonly TimeSpan JobTime = TimeSpan.FromSeconds(20);
    private const int Executors = 14;
    private readonly List<string> told = [];

    public async Task TellAsync()
    {
        await site.Observer.StartedAsync();
        await using var nodes = new NodeObserver(site.Client);
        await nodes.StartedAsync();
        await using var pods = new PodObserver(site.Client);
        await using var sightings = new PodFollower(site.Api.AdminKubeconfig);
        narrator.Chapter($"Eight nodes, each in Slurm and in Kubernetes ({site.Options.Api.ToString().ToLowerInvariant()} API server)");
        narrator.Say("slurm", $"slurmctld runs with prep_bebida.so: {site.Slurm.ConfigPath}");

        narrator.Chapter($"An application of {Executors} executors on the idle nodes");
        await site.Client.AppsV1.CreateNamespacedDeploymentAsync(Application.Deployment(Executors), "default");
        await ExecutorsRunAsync(Executors);
        narrator.Say("kubernetes", $"{Executors} executors run: {await WhereAsync()}");

        narrator.Chapter("srun -N2 sleep 20  (a sleep that writes down every 50 ms that it runs)");
        pods.Changed += TellOfPod;
        using var reading = new CancellationTokenSource();
        var log = TellLogAsync(reading.Token);
        var job = site.Probes.RunAsync(JobTime, "-N2");
        await Eventually.HoldsAsync("the job's tasks run", Patience, _ => Task.FromResult(site.Probes.Runs().Count == 2));
        var taken = site.Probes.Runs().Select(r => r.Node).Order().ToList();
        narrator.Say("slurm", $"the job runs on {string.Join(" and ", taken)}");
        await Task.Delay(TimeSpan.FromSeconds(2));
        narrator.Say("admin", "bebidactl status:");
        Console.Write((await site.Tool.RunAsync("status")).EnsureSucceeded().StandardOutput);
        narrator.Say("kubernetes", $"{(await Application.RunningAsync(site.Client)).Count} executors run elsewhere: {await WhereAsync()}");

        (await job).EnsureSucceeded();
        narrator.Say("slurm", "the job has ended");
        await site.WaitUntilFreeAsync();
        narrator.Say("kubernetes", "both nodes are schedulable again");
        await ExecutorsRunAsync(Executors);
        narrator.Say("kubernetes", $"{Executors} executors run: {await WhereAsync()}");
        await reading.CancelAsync();
        await log;

        Summarise(taken, nodes, pods, sightings);

        narrator.Chapter("More jobs, as they come");
        await SubmitAsync();
        await site.WaitUntilFreeAsync();
        await ExecutorsRunAsync(Executors);
        narrator.Say("kubernetes", $"{Executors} executors run: {await WhereAsync()}");
        await Picture.WriteAsync(site.Tool.RunAsync, site.Slurm.Controller.LogPath, taken, claims);
    }

    private async Task SubmitAsync()
    {
        var jobs = new List<Task>();
        foreach (var (size, seconds) in new[] { (1, 9), (3, 6), (1, 2), (2, 7), (4, 3), (1, 4) })
        {
            narrator.Say("slurm", $"srun -N{size} sleep {seconds}");
            jobs.Add(site.Slurm.RunAsync("srun", [$"-N{size}", "sleep", $"{seconds}"]));
            await Task.Delay(TimeSpan.FromSeconds(2));
        }
        await Task.WhenAll(jobs);
    }

    private void Summarise(IReadOnlyList<string> nodes, NodeObserver observed, PodObserver pods, PodFollower sightings)
    {
        var runs = site.Probes.Runs();
        var (taken, given) = (TimeOf("decommission"), TimeOf("recommission"));
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("node", "who had it when (seconds from the start)", "executors evicted", "taken in", "given back in");
        foreach (var node in site.Slurm.Nodes)
        {
            var mine = nodes.Contains(node);
            table.AddRow(
                node,
                Owners.Of(observed, node, narrator.Began),
                mine ? Evicted(node).ToString(CultureInfo.InvariantCulture) : "-",
                mine ? $"{taken} ms" : "-",
                mine ? $"{given} ms" : "-"
            );
        }
        narrator.Chapter("Who had which node");
        narrator.Show(table);

        var tasks = Verdict.Tasks(site.Probes);
        claims.Add(
            "no node was schedulable in Kubernetes while the job ran on it",
            site.Observer.Gaps == 0 && Verdict.Schedulable(tasks, site.Observer.History).Count == 0
        );
        claims.Add(
            "no executor was on a node while the job ran on it",
            Verdict.Pods(tasks, site.Observer.History, sightings.Sightings()).Count == 0
        );
        claims.Add(
            "executors were evicted from the job's nodes, and only from those",
            nodes.Sum(Evicted) > 0 && site.Slurm.Nodes.Except(nodes).All(n => Evicted(n) == 0)
        );
        claims.Add("the job ran for its 20 seconds on both nodes", runs.Count == 2 && runs.All(r => r.Last - r.First >= JobTime));

        int Evicted(string node) => pods.Stays(node).Count(s => s.Until is not null);
    }

    private string TimeOf(string direction) =>
        told.Select(line => HandOverLine().Match(line)).LastOrDefault(m => m.Success && m.Groups[1].Value == direction)?.Groups[2].Value
        ?? "?";

    private void TellOfPod(PodStay stay) =>
        narrator.Say("kubernetes", stay.Until is null ? $"{stay.Name} starts on {stay.Node}" : $"{stay.Name} has left {stay.Node}");

    private async Task TellLogAsync(CancellationToken cancellationToken)
    {
        var known = site.Slurm.Controller.ReadLog().Split('\n').Length;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(50, CancellationToken.None);
            var lines = site.Slurm.Controller.ReadLog().Split('\n');
            foreach (var line in lines[..^1].Skip(known - 1).Where(l => l.Contains(" bebida: ", StringComparison.Ordinal)))
            {
                told.Add(line);
                narrator.Say("slurmctld", line[(line.IndexOf("] ", StringComparison.Ordinal) + 2)..]);
            }
            known = lines.Length;
        }
    }

    private async Task ExecutorsRunAsync(int count) =>
        await Eventually.HoldsAsync(
            $"{count} executors run",
            Patience,
            async cancel => (await Application.RunningAsync(site.Client, cancel)).Count == count
        );

    private async Task<string> WhereAsync() =>
        string.Join(
            ", ",
            (await Application.RunningAsync(site.Client))
                .CountBy(p => p.Spec.NodeName)
                .OrderBy(n => n.Key, StringComparer.Ordinal)
                .Select(n => $"{n.Value} on {n.Key}")
        );

    [GeneratedRegex(@" event=(decommission|recommission) outcome=done job=\d+ ms=(\d+)")]
    private static partial Regex HandOverLine();
}
