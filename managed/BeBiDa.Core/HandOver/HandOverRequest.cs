using BeBiDa.Cluster;
using BeBiDa.Jobs;
using BeBiDa.Logs;

namespace BeBiDa.HandOver;

/// <summary>One node of a job.</summary>
/// <param name="SlurmName">What Slurm calls it.</param>
/// <param name="Node">What it is to Kubernetes.</param>
internal sealed record JobNode(string SlurmName, ClusterNode Node);

/// <summary>One hand-over, from the moment that it is asked for to its end, and how far it is.</summary>
/// <param name="job">The job.</param>
/// <param name="isDecommission">Which way.</param>
/// <param name="budget">How long the answer may take.</param>
/// <param name="progress">Told how far it is; may be null.</param>
/// <param name="turn">Its place in the order of its job.</param>
/// <param name="time">The clock.</param>
internal sealed class HandOverRequest(
    Job job,
    bool isDecommission,
    TimeSpan budget,
    IProgress<HandOverProgress>? progress,
    Turn turn,
    TimeProvider time
)
{
    private const int MostShown = 20;
    private readonly long began = time.GetTimestamp();

    public Job Job => job;

    public bool IsDecommission => isDecommission;

    public TimeSpan Budget => budget;

    public Turn Turn => turn;

    public Problems Problems { get; } = new();

    /// <summary>The job's nodes that Kubernetes knows; none before it is admitted.</summary>
    public IReadOnlyList<JobNode> Nodes { get; set; } = [];

    /// <summary>Whether it is the decommission of a job that has ended already, or was requeued.</summary>
    public bool MayHaveEnded { get; init; }

    /// <summary>Whether anyone wants to be told how far it is.</summary>
    public bool IsWatched => progress is not null;

    /// <summary>Which way, for people and programs.</summary>
    public string Direction => isDecommission ? LogTail.Decommission : LogTail.Recommission;

    /// <summary>The job's nodes in a word, however many; null when that takes too many. A reconciler's job has no list by Slurm.</summary>
    public string? NodeList =>
        job.NodeList.Length > 0 ? job.NodeList
        : job.Nodes.Count is > 0 and <= MostShown ? string.Join(',', job.Nodes)
        : null;

    /// <summary>The job, for the readers of Events.</summary>
    public string JobForPeople =>
        $"{job.Manager} job {job.Number}{(job.User.Length > 0 ? $" of {job.User}" : "")}{(job.Partition.Length > 0 ? $" in {job.Partition}" : "")} ({job.Cluster})";

    /// <summary>Tells how far it is.</summary>
    public void Report(int nodesDone, int podsLeft = 0, int podsLeaving = 0) =>
        progress?.Report(new HandOverProgress(Nodes.Count, nodesDone, podsLeft, podsLeaving));

    /// <summary>How it ends, if it ends now.</summary>
    public HandOverResult Result(HandOverOutcome outcome, int podsEvicted = 0) =>
        new(outcome, [.. Nodes.Select(n => n.SlurmName)], podsEvicted, time.GetElapsedTime(began), Problems.All);
}
