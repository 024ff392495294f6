namespace BeBiDa.Harvest;

/// <summary>What lending was worth in one run, replayed or real. The page docs/harvest.md has the formulas.</summary>
/// <param name="Idle">Idle node-time: what sinfo calls IDLE or PLANNED, and neither DOWN, DRAIN, MAINT nor switched off.</param>
/// <param name="Harvested">H: the share of it in which the node was schedulable and Ready in Kubernetes, 0 to 1.</param>
/// <param name="PodTime">U: the time of running pods while their node is idle over idle node-time, for each of a node's slots; 0 to 1.</param>
/// <param name="Useful">E: the share of all pods' time that was work kept, on nodes of jobs too: steps that came to their end, and pods that were done; 0 to 1.</param>
/// <param name="PodsEnded">Pods that were ended before their work was done.</param>
/// <param name="Waits">Each job's time from its allocation to its first command, in order of size.</param>
/// <param name="Makespan">From the first job's submission to the last one's end.</param>
/// <param name="NodeTime">Node-time in all: nodes by makespan.</param>
/// <param name="Requests">Requests to the API server in the name of what hands over; null where nobody counts them.</param>
public sealed record HarvestFigures(
    TimeSpan Idle,
    double Harvested,
    double PodTime,
    double Useful,
    int PodsEnded,
    IReadOnlyList<TimeSpan> Waits,
    TimeSpan Makespan,
    TimeSpan NodeTime,
    long? Requests
)
{
    /// <summary>Pods ended for each hour of idle node-time.</summary>
    public double EndedPerIdleNodeHour => Idle > TimeSpan.Zero ? PodsEnded / Idle.TotalHours : 0;

    /// <summary>Requests for each node-hour.</summary>
    public double? RequestsPerNodeHour => Requests / NodeTime.TotalHours;

    /// <summary>A job's wait that a share of all jobs do not exceed.</summary>
    /// <param name="share">0 to 1.</param>
    public TimeSpan Wait(double share) => Waits.Count == 0 ? TimeSpan.Zero : Quantiles.NearestRank(Waits, share);
}
