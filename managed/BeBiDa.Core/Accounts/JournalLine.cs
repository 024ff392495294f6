namespace BeBiDa.Accounts;

/// <summary>One line of the journal that <c>bebidactl record</c> writes.</summary>
/// <remarks>
/// Facts are written, not what follows from them: so a rule that was wrong can be mended, and what was recorded before counts
/// by the new one. Keys may be added; a reader skips those that it does not know.
/// </remarks>
/// <param name="Time">The time by the host's clock, which may be set forward and back.</param>
/// <param name="Clock">Seconds since the host started, also those in which it slept; nobody sets that clock.</param>
/// <param name="Run">Which process wrote it.</param>
/// <param name="Event">What happened: one of the constants here.</param>
public sealed record JournalLine(DateTimeOffset Time, double Clock, string Run, string Event)
{
    /// <summary>A process, or a file, begins: all nodes follow, then for each source that answers <see cref="Back"/>.</summary>
    public const string Start = "start";

    /// <summary>What is known of a node now.</summary>
    public const string Changed = "node";

    /// <summary>Slurm has no such node any more.</summary>
    public const string Gone = "gone";

    /// <summary>From now on a source's facts are not known.</summary>
    public const string Away = "away";

    /// <summary>From now on they are.</summary>
    public const string Back = "back";

    /// <summary>A pod has left a node.</summary>
    public const string PodLeft = "pod";

    /// <summary>A job has taken a node.</summary>
    public const string Taken = "taken";

    /// <summary>Nothing has changed.</summary>
    public const string Alive = "alive";

    /// <summary>The version of the journal that this release writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The longest silence that still means that nothing has changed.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(90);

    /// <summary>With <see cref="Start"/>: <see cref="CurrentVersion"/>.</summary>
    public int? Version { get; init; }

    /// <summary>With <see cref="Start"/>: which start of the host it was, as the kernel names it.</summary>
    public string? Boot { get; init; }

    /// <summary>With <see cref="Start"/>: how often Slurm is asked, in seconds.</summary>
    public double? Interval { get; init; }

    /// <summary>With <see cref="Away"/> and <see cref="Back"/>: who.</summary>
    public string? Source { get; init; }

    /// <summary>Slurm's name of a node.</summary>
    public string? Node { get; init; }

    /// <summary>With <see cref="Changed"/>: its state in Slurm, as scontrol prints it.</summary>
    public string? Slurm { get; init; }

    /// <summary>With <see cref="Changed"/>: its partitions; null when they are as before.</summary>
    public string? Partitions { get; init; }

    /// <summary>With <see cref="Changed"/>: what Kubernetes says of it; null when it knows no such node.</summary>
    public KubernetesFacts? Kubernetes { get; init; }

    /// <summary>With <see cref="PodLeft"/>: whether it was evicted.</summary>
    public bool? Evicted { get; init; }

    /// <summary>With <see cref="PodLeft"/>: how long it had lived; with <see cref="Taken"/>: how long the job waited.</summary>
    public double? Seconds { get; init; }

    /// <summary>With <see cref="Taken"/>: the job.</summary>
    public string? Job { get; init; }

    /// <summary>With <see cref="Taken"/>: when the hand-over began, by slurmctld's clock.</summary>
    public DateTimeOffset? Began { get; init; }
}

/// <summary>Whose facts are recorded.</summary>
public static class Sources
{
    /// <summary>Slurm's nodes.</summary>
    public const string Slurm = "slurm";

    /// <summary>Kubernetes' Nodes and pods.</summary>
    public const string Kubernetes = "kubernetes";

    /// <summary>Events of hand-overs.</summary>
    public const string HandOvers = "handovers";
}

/// <summary>Where the journal is kept.</summary>
public interface IJournal
{
    /// <summary>Appends a line, whole or not at all.</summary>
    /// <param name="day">The day whose file it belongs to.</param>
    /// <param name="line">The line.</param>
    /// <returns>False when it could not be written.</returns>
    bool Append(DateOnly day, JournalLine line);
}
