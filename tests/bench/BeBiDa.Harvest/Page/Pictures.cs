using BeBiDa.Harvest.Daemons;

namespace BeBiDa.Harvest.Page;

/// <summary>The page's two pictures, both of the same run: who had which node, and what became of each pod.</summary>
internal static class Pictures
{
    /// <summary>The pictures' files, by their names.</summary>
    /// <param name="run">The run; null draws none.</param>
    public static IEnumerable<(string Name, string Picture)> Of(DaemonsRun? run)
    {
        if (run is null)
            yield break;
        var nodes = run.Jobs.SelectMany(job => job.Nodes).Concat(run.Stretches.Select(s => s.Node)).Distinct().OrderBy(Number).ToList();
        var row = nodes.Select((node, i) => (node, i)).ToDictionary(n => n.node, n => n.i);
        var length = run.Figures.Makespan.TotalSeconds;
        yield return (
            "harvest-nodes.svg",
            new RowPicture(
                "Who had the nodes",
                $"{nodes.Count} nodes, each a row; times are divided by {run.Options.Compress:0}",
                nodes.Count,
                length,
                [
                    ("Slurm", "#0072b2"),
                    ("pods", "#009e73"),
                    ("lent, empty", "#b9dfd3"),
                    ("idle, not lent", "#e69f00"),
                    ("not available", "#999999"),
                ]
            ).Draw(run.Stretches.Select(s => new Bar(row[s.Node], (int)s.Owner, s.From.TotalSeconds, s.To.TotalSeconds)))
        );
        var slots = run.Options.Slots;
        yield return (
            "harvest-pods.svg",
            new RowPicture(
                "What became of the pods",
                $"{slots} places on each node, each a row; a pod that a job ended lost the orange part of its work",
                nodes.Count * slots,
                length,
                [("work kept", "#009e73"), ("work lost", "#e69f00"), ("starting", "#b9dfd3")]
            ).Draw(
                run.Pods.Where(pod => pod.Slot < slots).SelectMany(pod => Life(pod, row[pod.Node] * slots + pod.Slot, run.Figures.Makespan))
            )
        );
    }

    private static IEnumerable<Bar> Life(PodLife pod, int row, TimeSpan end)
    {
        var last = pod.Ended < end ? pod.Ended.Value : end;
        var started = pod.Started ?? last;
        yield return new Bar(row, 2, pod.Bound.TotalSeconds, started.TotalSeconds);
        var kept = pod.End == PodEnd.Cut ? started + pod.KeptBy(pod.Told ?? last) : last;
        if (kept > started)
            yield return new Bar(row, 0, started.TotalSeconds, kept.TotalSeconds);
        if (last > kept)
            yield return new Bar(row, 1, kept.TotalSeconds, last.TotalSeconds);
    }

    private static int Number(string node) => int.Parse(node.AsSpan().TrimStart("n"), System.Globalization.CultureInfo.InvariantCulture);
}
