namespace BeBiDa.Cluster;

/// <summary>What <c>kubectl describe node</c> shows of a hand-over.</summary>
/// <param name="Node">The node.</param>
/// <param name="Reason">A short word in CamelCase, for machines.</param>
/// <param name="Message">A sentence, for people; at most 1,024 characters.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Warning">Whether something was not as it should be.</param>
public sealed record NodeEvent(ClusterNode Node, string Reason, string Message, DateTimeOffset Time, bool Warning = false)
{
    /// <summary>A job has taken the node.</summary>
    public const string Decommissioned = "SlurmDecommissioned";

    /// <summary>A job has given the node back.</summary>
    public const string Recommissioned = "SlurmRecommissioned";
}
