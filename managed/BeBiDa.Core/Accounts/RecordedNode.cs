using BeBiDa.Holds;

namespace BeBiDa.Accounts;

/// <summary>A Node as Kubernetes describes it, under Slurm's name too.</summary>
/// <param name="Name">Its name in Kubernetes.</param>
/// <param name="SlurmName">Slurm's name of it; capitals may differ.</param>
/// <param name="Ready">Whether its kubelet reports it ready.</param>
/// <param name="Unschedulable">Whether Kubernetes puts no new pods on it.</param>
/// <param name="Holds">The holds on it.</param>
public sealed record RecordedNode(string Name, string SlurmName, bool Ready, bool Unschedulable, IReadOnlyList<Hold> Holds);

/// <summary>A hand-over that took a node for a job.</summary>
/// <param name="Node">Kubernetes' name of the node.</param>
/// <param name="Job">The job.</param>
/// <param name="Began">When it began.</param>
/// <param name="Ended">When the node was taken.</param>
public sealed record TakenNode(string Node, HoldKey Job, DateTimeOffset Began, DateTimeOffset Ended);

/// <summary>How a recorder is set.</summary>
/// <param name="Interval">How often Slurm is asked.</param>
/// <param name="Deadline">How long a job waits for its nodes at most (<c>controller.deadline</c>).</param>
/// <param name="Boot">Which start of the host this is.</param>
public sealed record RecorderOptions(TimeSpan Interval, TimeSpan Deadline, string Boot);
