namespace BeBiDa.Lab;

/// <summary>A job as <c>squeue</c> shows it.</summary>
/// <param name="Id">Its own number; each array task and each component of a heterogeneous job has one.</param>
/// <param name="DisplayId">As Slurm writes it for people: <c>12</c>, <c>12_3</c> (array), <c>12+1</c> (heterogeneous).</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="Nodes">Its nodes, one by one; none while it is pending.</param>
/// <param name="Partition">The partition that it runs in or waits for.</param>
/// <param name="Name">The name that its user gave it.</param>
public sealed record SlurmJob(int Id, string DisplayId, JobState State, IReadOnlyList<string> Nodes, string Partition, string Name);

/// <summary>Slurm's job states, by Slurm's names without underscores.</summary>
public enum JobState
{
    Pending,
    Configuring,
    Running,
    Suspended,
    Stopped,
    Signaling,
    StageOut,
    Completing,
    Requeued,
    RequeueFed,
    RequeueHold,
    SpecialExit,
    ResvDelHold,
    Resizing,
    Completed,
    Cancelled,
    Failed,
    Timeout,
    NodeFail,
    Preempted,
    BootFail,
    Deadline,
    OutOfMemory,
    Revoked,
}

/// <summary>What the job states have in common.</summary>
public static class JobStates
{
    /// <summary>Whether a job in this state is over and holds no node any more.</summary>
    public static bool IsOver(this JobState state) => state >= JobState.Completed;

    /// <summary>The state that squeue calls so.</summary>
    public static JobState Parse(string name) =>
        Enum.TryParse<JobState>(name.Replace("_", ""), ignoreCase: true, out var state)
            ? state
            : throw new LabException($"squeue names a job state that the lab does not know: {name}");
}
