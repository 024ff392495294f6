using BeBiDa.Site;

namespace BeBiDa.Demo;

/// <summary>Who had a node when, as Kubernetes saw it.</summary>
internal static class Owners
{
    /// <summary>"Kubernetes 0.0-3.1  Slurm 3.1-24.0  Kubernetes 24.0-", in seconds from the beginning.</summary>
    public static string Of(NodeObserver observer, string node, DateTimeOffset began)
    {
        var history = observer.HistoryOf(node);
        return string.Join(
            "  ",
            history.Select(
                (moment, i) =>
                    $"{(moment.Schedulable ? "Kubernetes" : "Slurm")} {Math.Max(0, (moment.Time - began).TotalSeconds):0.0}-{(i + 1 < history.Count ? $"{(history[i + 1].Time - began).TotalSeconds:0.0}" : "")}"
            )
        );
    }
}
