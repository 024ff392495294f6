using System.Text.Json.Serialization;

namespace BeBiDa.Harvest.Daemons;

/// <summary>What a run on real daemons came to. All times are the run's own, compressed; moments count from the first job's submission.</summary>
/// <param name="Options">What it was made of.</param>
/// <param name="Figures">What lending was worth.</param>
/// <param name="Beside">What must not be: pods and jobs at once on a node.</param>
/// <param name="Circumstances">How far the figures can be trusted.</param>
/// <param name="Problems">What went otherwise than planned, a line each.</param>
/// <param name="Jobs">The jobs, in order of submission.</param>
/// <param name="Pods">The pods that came to a node.</param>
/// <param name="Stretches">Who had each node when.</param>
internal sealed record DaemonsRun(
    DaemonsOptions Options,
    HarvestFigures Figures,
    Beside Beside,
    Circumstances Circumstances,
    IReadOnlyList<string> Problems,
    IReadOnlyList<JobLife> Jobs,
    IReadOnlyList<PodLife> Pods,
    IReadOnlyList<OwnerStretch> Stretches
);

/// <summary>What was seen of pods and schedulable nodes while a job's own command ran there.</summary>
/// <param name="PodTime">The time of pods beside it, as the watch saw their ends: some milliseconds may be its own delay.</param>
/// <param name="Looks">How often one of its nodes was looked at.</param>
/// <param name="Schedulable">At how many of these it was schedulable.</param>
internal sealed record Beside(TimeSpan PodTime, int Looks, int Schedulable);

/// <summary>What a run was measured with, and what may have disturbed it.</summary>
/// <param name="Slurm">The release of Slurm.</param>
/// <param name="Kubernetes">Which of Kubernetes' programs are real.</param>
/// <param name="Looks">How often the observer looked.</param>
/// <param name="LongestGap">The longest time between two of its looks; a second is meant.</param>
/// <param name="LongestLook">The longest that one look took, from the question to the last answer.</param>
/// <param name="LatestSubmission">The longest time from when a job was to be submitted until sbatch had done it.</param>
/// <param name="LimitFactor">How much longer the jobs' limits are than their users', in the mean, for Slurm's have whole minutes.</param>
/// <param name="MeanLoad">The machine's load average over one minute, in the mean of all looks.</param>
/// <param name="Own">The share of its processors' time that the run used itself, with all that it started.</param>
/// <param name="Busy">The share that was used in all: by others too, if it is more.</param>
/// <param name="NodeTimeSeen">The sum of all states of all nodes; the figures' node-time, or the observer has a hole.</param>
/// <param name="PodTimeSeen">U by the looks alone, beside that of the figures, which knows each pod's beginning and end.</param>
internal sealed record Circumstances(
    string Slurm,
    string Kubernetes,
    int Looks,
    TimeSpan LongestGap,
    TimeSpan LongestLook,
    TimeSpan LatestSubmission,
    double LimitFactor,
    double MeanLoad,
    double Own,
    double Busy,
    TimeSpan NodeTimeSeen,
    double PodTimeSeen
);

/// <summary>Who has a node.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Owner>))]
internal enum Owner
{
    /// <summary>A Slurm job, from its allocation until the node is idle again.</summary>
    Job,

    /// <summary>Pods that run.</summary>
    Pods,

    /// <summary>Kubernetes, and no pod runs yet.</summary>
    Lent,

    /// <summary>Nobody: idle in Slurm, and Kubernetes cannot have it.</summary>
    Withheld,

    /// <summary>Nobody: down, drained, switched off, or in a reservation.</summary>
    Out,
}

/// <summary>A time in which a node had one owner, as far as the looks tell.</summary>
internal sealed record OwnerStretch(string Node, TimeSpan From, TimeSpan To, Owner Owner);
