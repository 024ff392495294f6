namespace BeBiDa.Site.Tests;

/// <summary>What must not be while a job runs on a node: the node schedulable, or a pod on it.</summary>
internal static class Trespasses
{
    // By how much a busy machine may delay a watch of ours. What was seen that late only had happened before.
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(1.5);

    public static IReadOnlyList<string> OfNodes(Site site) =>
        [.. from run in site.Probes.Runs()
            let seenLate = site.Observer.HistoryOf(run.Node).Any(m => !m.Schedulable && m.Time > run.First && m.Time < run.First + Lag)
            let moments = site.Observer.SchedulableWithin(run.Node, run.First, run.Last).Where(m => m > run.First || !seenLate).ToList()
            where moments.Count > 0
            select $"job {run.Job} ran on {run.Node} from {run.First:ss.fff} to {run.Last:ss.fff}; schedulable at {string.Join(", ", moments.Select(m => $"{m:ss.fff}"))}"];

    // A pod that came after the node was closed is none that the hand-over left there: a scheduler that had chosen the
    // node just before binds it still, and the API server lets it.
    public static IReadOnlyList<string> OfPods(Site site, PodObserver pods) =>
        [.. from run in site.Probes.Runs()
            let closed = site.Observer.HistoryOf(run.Node).LastOrDefault(m => !m.Schedulable && m.Time <= run.First)
            from stay in pods.On(run.Node, run.First + Lag, DateTimeOffset.MaxValue)
            where stay.Since < closed.Time
            select $"job {run.Job} ran on {run.Node} from {run.First:ss.fff} to {run.Last:ss.fff}; {stay.Name} was there from {stay.Since:ss.fff} to {stay.Until:ss.fff}"];
}
