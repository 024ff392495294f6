using System.Text.RegularExpressions;

namespace BeBiDa.Site.Observation;

/// <summary>What must never be while a job runs on a node, as far as it is certain.</summary>
public static partial class Verdict
{
    /// <summary>
    /// A node that was schedulable while a job ran on it: one for each run, the first. Certain if the job ran throughout
    /// the window in which the node was seen so.
    /// </summary>
    public static IReadOnlyList<(CertainRun Run, Sighting Sighting)> Schedulable(IEnumerable<CertainRun> runs, NodeHistory nodes)
    {
        var schedulable = new Dictionary<string, List<Sighting>>();
        var found = new List<(CertainRun, Sighting)>();
        foreach (var run in runs)
        {
            if (!schedulable.TryGetValue(run.Node, out var sightings))
                schedulable[run.Node] = sightings = [.. nodes.Of(run.Node).Where(sighting => sighting.State.Schedulable)];
            if (sightings.Find(sighting => run.Window.Covers(sighting.Window)) is { } seen)
                found.Add((run, seen));
        }
        return found;
    }

    /// <summary>How often a node was seen while a job ran there for certain: what a verdict rests on.</summary>
    public static int Looks(IEnumerable<CertainRun> runs, NodeHistory nodes)
    {
        var histories = new Dictionary<string, IReadOnlyList<Sighting>>();
        return runs.Sum(run =>
        {
            if (!histories.TryGetValue(run.Node, out var history))
                histories[run.Node] = history = nodes.Of(run.Node);
            return history.Count(sighting => run.Window.Covers(sighting.Window));
        });
    }

    /// <summary>A pod that was on a node while a job's tasks ran there, and had been before the job held it.</summary>
    public static IReadOnlyList<(CertainRun Run, PodSighting Pod)> Pods(
        IEnumerable<CertainRun> tasks,
        NodeHistory nodes,
        IReadOnlyList<PodSighting> pods
    )
    {
        var onNode = pods.ToLookup(pod => pod.Node);
        var histories = new Dictionary<string, IReadOnlyList<Sighting>>();
        var found = new List<(CertainRun, PodSighting)>();
        foreach (var run in tasks)
        {
            if (!histories.TryGetValue(run.Node, out var history))
                histories[run.Node] = history = nodes.Of(run.Node);
            var without = history.LastOrDefault(sighting => sighting.Window.To <= run.Window.From && !NodeHistory.Holds(sighting, run.Job));
            if (
                without is not null
                && onNode[run.Node].FirstOrDefault(pod => run.Window.Covers(pod.Window) && pod.FirstSeen < without.Window.From) is { } pod
            )
                found.Add((run, pod));
        }
        return found;
    }

    /// <summary>The jobs' tasks, as they tell themselves: a process that wrote first and last was there in between.</summary>
    public static IReadOnlyList<CertainRun> Tasks(Probes probes) =>
        [.. probes.Runs().Select(run => new CertainRun(run.Job, run.Node, new Window(run.First, run.Last)))];

    /// <summary>The jobs that Slurm started by policy, as its log says: their nodes had not left Kubernetes in time.</summary>
    public static IReadOnlySet<int> StartedByPolicy(string log) =>
        PolicyLine()
            .Matches(log)
            .Select(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))
            .ToHashSet();

    /// <summary>Lines of slurmctld's log, and of what it wrote beside it, that must not be there whatever goes wrong outside.</summary>
    public static IReadOnlyList<string> Internal(string log) => [.. log.Split('\n').Where(line => InternalLine().IsMatch(line))];

    [GeneratedRegex(@"bebida: job .* event=policy outcome=start job=(\d+)$", RegexOptions.Multiline)]
    private static partial Regex PolicyLine();

    [GeneratedRegex(
        @"fatal| event=internal-error$|Unhandled exception|Process terminated|Segmentation|Aborted|assert",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex InternalLine();
}
