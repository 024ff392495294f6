namespace BeBiDa.Site.Tests;

/// <summary>What must not be while a job runs on a node: the node schedulable, or a pod on it.</summary>
internal static class Trespasses
{
    public static IReadOnlyList<string> OfNodes(Site site) =>
        [.. from run in site.Probes.Runs()
            let moments = site.Observer.SchedulableWithin(run.Node, run.First, run.Last)
            where moments.Count > 0
            select $"job {run.Job} ran on {run.Node} from {run.First:ss.fff} to {run.Last:ss.fff}; schedulable at {string.Join(", ", moments.Select(m => $"{m:ss.fff}"))}"];

    // A pod that came after the node was closed is none that the hand-over left there: a scheduler that had chosen the
    // node just before binds it still, and the API server lets it.
    public static IReadOnlyList<string> OfPods(Site site, PodObserver pods) =>
        [.. from run in site.Probes.Runs()
            let closed = site.Observer.HistoryOf(run.Node).LastOrDefault(m => !m.Schedulable && m.Time <= run.First)
            from stay in pods.On(run.Node, run.First, run.Last)
            where stay.Since < closed.Time
            select $"job {run.Job} ran on {run.Node} from {run.First:ss.fff} to {run.Last:ss.fff}; {stay.Name} was there from {stay.Since:ss.fff} to {stay.Until:ss.fff}"];
}
