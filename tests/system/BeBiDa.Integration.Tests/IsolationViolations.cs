namespace BeBiDa.Site.Tests;

/// <summary>What must not be while a job runs on a node: the node schedulable, or a pod on it that was there before the job held it. What is not certain does not count.</summary>
internal static class IsolationViolations
{
    public static IReadOnlyList<string> OfNodes(Site site) =>
        [
            .. Verdict
                .Schedulable(Verdict.Tasks(site.Probes), site.Observer.History)
                .Select(t => $"job {t.Run.Job} ran on {t.Run.Node} {t.Run.Window}; schedulable {t.Sighting.Window}"),
        ];

    public static IReadOnlyList<string> OfPods(Site site, PodFollower pods) =>
        [
            .. Verdict
                .Pods(Verdict.Tasks(site.Probes), site.Observer.History, pods.Sightings())
                .Select(t =>
                    $"job {t.Run.Job} ran on {t.Run.Node} {t.Run.Window}; {t.Pod.Pod}, there since {t.Pod.FirstSeen:HH:mm:ss.fff}, was there {t.Pod.Window}"
                ),
        ];
}
