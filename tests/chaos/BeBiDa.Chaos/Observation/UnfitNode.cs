namespace BeBiDa.Chaos.Observation;

/// <summary>A node that Slurm said was DOWN, FAIL or in maintenance.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Window">When.</param>
public sealed record UnfitNode(string Name, Window Window)
{
    /// <summary>How often slurmctld's side looks at Slurm's nodes (slurm.lookInterval).</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How it was seen when it had to be held.</summary>
    /// <param name="sightings">How it was seen at any time.</param>
    /// <param name="bound">After how long it must be held.</param>
    public IEnumerable<Sighting> Seen(IEnumerable<Sighting> sightings, TimeSpan bound) =>
        sightings.Where(s => s.Window.From > Window.From + bound && s.Window.To < Window.To);
}
