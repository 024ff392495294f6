using BeBiDa.Holds;

namespace BeBiDa.Cluster;

/// <summary>What <c>kubectl describe node</c> shows of a hand-over.</summary>
/// <param name="Node">The node.</param>
/// <param name="Job">The job.</param>
/// <param name="Reason">A short word in CamelCase, for machines.</param>
/// <param name="Message">A sentence, for people; at most 1,024 characters.</param>
/// <param name="Began">When the hand-over of the node began: its hold was asked for, or the job began to end.</param>
/// <param name="Time">When it was done.</param>
/// <param name="Warning">Whether it is a warning.</param>
/// <param name="Repair">Whether the reconciler made up for it: nobody waited.</param>
public sealed record NodeEvent(
    ClusterNode Node,
    HoldKey Job,
    string Reason,
    string Message,
    DateTimeOffset Began,
    DateTimeOffset Time,
    bool Warning = false,
    bool Repair = false
)
{
    /// <summary>A job has taken the node.</summary>
    public const string Decommissioned = "SlurmDecommissioned";

    /// <summary>A pod stays on the node beside the job, for its prolog to end.</summary>
    public const string PodRemains = "SlurmPodRemains";

    /// <summary>A job has given the node back.</summary>
    public const string Recommissioned = "SlurmRecommissioned";
}
