using BeBiDa.Chaos.Adversities;

namespace BeBiDa.Chaos.Observation;

/// <summary>What became, once Kubernetes was back, of the nodes of jobs that had been started without it.</summary>
public sealed class LateHolds
{
    private readonly HashSet<string> held = [];
    private readonly HashSet<string> notHeld = [];

    public LateHolds(IEnumerable<CertainRun> runs, NodeHistory nodes, Timeline timeline, TimeSpan bound)
    {
        foreach (var run in runs)
        foreach (
            var outage in timeline.Events.Where(e =>
                e.Kind == AdversityKind.LongOutage && run.Window.From < e.Window.To && run.Window.To > e.Window.To + bound
            )
        )
            Judge(run, nodes.Of(run.Node), outage.Window.To, bound);
    }

    /// <summary>Those that were held, and when.</summary>
    public IReadOnlyList<string> Held => [.. held];

    /// <summary>Those that were not.</summary>
    public IReadOnlyList<string> NotHeld => [.. notHeld];

    private void Judge(CertainRun run, IReadOnlyList<Sighting> sightings, DateTimeOffset back, TimeSpan bound)
    {
        var first = sightings.FirstOrDefault(sighting => NodeHistory.Holds(sighting, run.Job) && sighting.Window.To > back - bound);
        if (first is not null && first.Window.From <= back + bound)
            held.Add($"job {run.Job} on {run.Node}: Kubernetes was back at {back:HH:mm:ss.fff}, the hold was written {first.Window}");
        else
            notHeld.Add(
                $"job {run.Job} on {run.Node}: Kubernetes was back at {back:HH:mm:ss.fff}, the hold was {(first is null ? "never written" : $"written {first.Window}")}"
            );
    }
}
