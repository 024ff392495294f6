namespace BeBiDa.Chaos.Adversities;

/// <summary>An adversity that has been: from when until all was mended.</summary>
public sealed record Event(AdversityKind Kind, Window Window);

/// <summary>What went wrong when.</summary>
public sealed class Timeline
{
    private readonly Lock gate = new();
    private readonly List<Event> events = [];

    public IReadOnlyList<Event> Events
    {
        get
        {
            lock (gate)
                return [.. events];
        }
    }

    internal void Add(Event happened)
    {
        lock (gate)
            events.Add(happened);
    }

    /// <summary>Whether something of Slurm itself went wrong within a time.</summary>
    public bool SlurmSuffered(Window within) =>
        Events.Any(e => IsOfSlurm(e.Kind) && e.Window.From <= within.To && e.Window.To >= within.From);

    /// <summary>Whether at a moment Kubernetes was out of the plugin's reach, or had been until a while before.</summary>
    public bool KubernetesWasAway(DateTimeOffset at, TimeSpan aftermath) =>
        Events.Any(e =>
            (!IsOfSlurm(e.Kind) || e.Kind == AdversityKind.ControllerKilledInOutage) && e.Window.From <= at && e.Window.To + aftermath >= at
        );

    private static bool IsOfSlurm(AdversityKind kind) =>
        kind
            is AdversityKind.ControllerRestarted
                or AdversityKind.ControllerKilled
                or AdversityKind.Reconfigured
                or AdversityKind.ControllerKilledInOutage
                or AdversityKind.NodeDaemonKilled
                or AdversityKind.NodesUnfit
                or AdversityKind.NodesSwitchedOff;
}
