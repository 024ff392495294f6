using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Metrics;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>Hands the nodes of jobs over: from Kubernetes to Slurm before a job, and back after it.</summary>
/// <remarks>
/// The answer comes within the budget; the work goes on after it until it is done, until the job's recommission makes
/// its decommission pointless, or until everything stops. So a job that started over a broken Kubernetes still gets
/// its holds when Kubernetes is back. What a recommission cannot give back within a further deadline, the reconciler
/// does: there is no end to the jobs that may end during an outage, and each would go on trying.
/// </remarks>
public sealed partial class HandOvers : IAsyncDisposable
{
    // Subjects of problems that are no node's.
    private const string Cluster = "(cluster)";
    private const string Pods = "(pods)";
    private const string Leaving = "(job)";

    private const int MostShown = 20;

    // A job without stubborn processes has left its nodes some tens of milliseconds after its epilog hook.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(1);

    // In this time at least one request asks a server that is being spared.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private readonly ICluster cluster;
    private readonly BebidaConfiguration configuration;
    private readonly JobPolicy policy;
    private readonly NodeNames names;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly IJobPresence presence;
    private readonly Instruments instruments;
    private readonly Retry retry;
    private readonly EventRecorder events;
    private readonly LateBoundPods lateBoundPods;
    private readonly DrainedNodes drainedNodes = new();
    private readonly VolumeRelease volumes;
    private readonly RecentEnds recentEnds;
    private readonly JobSequencer sequencer = new();
    private readonly CancellationTokenSource stop = new();
    private bool disposed;

    /// <summary>Gets ready; nothing is asked of the cluster yet.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="presence">Whom to ask whether a job has left its nodes; when null, it has once they are given back.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    public HandOvers(
        ICluster cluster,
        BebidaConfiguration configuration,
        TimeProvider time,
        ILogger logger,
        IJobPresence? presence = null,
        Instruments? instruments = null
    )
    {
        this.cluster = cluster;
        this.configuration = configuration;
        this.time = time;
        this.logger = logger;
        this.presence = presence ?? new JobsHaveLeft();
        this.instruments = instruments ?? new Instruments();
        policy = new JobPolicy(configuration.Jobs, configuration.Nodes);
        recentEnds = new RecentEnds(time);
        names = new NodeNames(configuration.Nodes);
        retry = new Retry(time);
        events = new EventRecorder(cluster, logger);
        volumes = new VolumeRelease(cluster, time, logger);
        lateBoundPods = new LateBoundPods(cluster, configuration, time, logger, this.instruments, stop.Token);
    }

    /// <summary>Raised when nodes may have been held for a job that is no more: the reconciler is to look.</summary>
    public event Action? InDoubt;

    /// <summary>Takes the job's nodes from Kubernetes: holds all of them, then evicts their pods and waits until they are gone.</summary>
    /// <param name="job">The job.</param>
    /// <param name="budget">How long the answer may take.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <returns>How it ended; never throws but for a bug.</returns>
    public Task<HandOverResult> DecommissionAsync(Job job, TimeSpan budget, IProgress<HandOverProgress>? progress = null) =>
        HandOverAsync(job, decommission: true, budget, (nodes, problems, turn) => TakeAsync(job, nodes, budget, problems, progress, turn));

    /// <summary>Gives the job's nodes back to Kubernetes, but for those that other jobs or admins still want out of it.</summary>
    /// <inheritdoc cref="DecommissionAsync"/>
    public Task<HandOverResult> RecommissionAsync(Job job, TimeSpan budget, IProgress<HandOverProgress>? progress = null) =>
        HandOverAsync(
            job,
            decommission: false,
            budget,
            (nodes, problems, turn) => GiveBackAsync(job, nodes, budget, problems, progress, turn)
        );

    /// <summary>Whether a hand-over of this job has been asked for and has not ended, in the background or not.</summary>
    public bool IsUnderWay(HoldKey job) => sequencer.IsTaken(job);

    /// <summary>Ends when every hand-over that was asked for has ended.</summary>
    public Task WhenIdleAsync() => sequencer.WhenAllEnded();

    /// <summary>Stops all work, wherever it is, and waits for it to end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
            return;
        await stop.CancelAsync().ConfigureAwait(false);
        await sequencer.WhenAllEnded().ConfigureAwait(false);
        await lateBoundPods.WhenAllEnded().ConfigureAwait(false);
        await events.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    private async Task<HandOverResult> HandOverAsync(
        Job job,
        bool decommission,
        TimeSpan budget,
        Func<IReadOnlyList<JobNode>, Problems, Turn, Task<int>> work
    )
    {
        var began = time.GetTimestamp();
        var direction = decommission ? "decommission" : "recommission";
        var turn = sequencer.Take(job.Hold, decommission, stop.Token);
        var inDoubt = decommission && recentEnds.Contains(job.Hold);
        if (!decommission)
        {
            lateBoundPods.Forget(job.Hold);
            recentEnds.Add(job.Hold);
        }
        IReadOnlyList<JobNode> nodes = [];
        var problems = new Problems();
        var leftAlone = false;
        var working = RunAsync();
        HandOverResult result;
        // Whoever waited for as long as a job may has waited in vain, and so would this one, unless Kubernetes is back.
        if (cluster.AwayFor >= configuration.Controller.Deadline && budget > ProbeTimeout)
        {
            await ((Task)working).WaitAsync(ProbeTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!working.IsCompleted && cluster.AwayFor is var away && away > TimeSpan.Zero)
            {
                result = Result(HandOverOutcome.Failed, 0);
                logger.LogError(
                    "job {Job}: {Direction} not done within {ProbeTimeout}{Where} (Kubernetes has not answered for {Away}): {Problems}; going on with it in the background",
                    job.Number,
                    direction,
                    Duration.Format(ProbeTimeout),
                    Where(job),
                    Duration.Format(TimeSpan.FromSeconds((long)away.TotalSeconds)),
                    problems.Describe()
                );
                _ = TellLaterAsync();
                return Answered(result, overdue: true);
            }
            budget -= ProbeTimeout;
        }
        try
        {
            result = await working.WaitAsync(budget, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            result = Result(HandOverOutcome.Failed, 0);
            logger.LogError(
                "job {Job}: {Direction} not done within {Budget}{Where}: {Problems}; going on with it in the background",
                job.Number,
                direction,
                Duration.Format(budget),
                Where(job),
                problems.Describe()
            );
            _ = TellLaterAsync();
            return Answered(result, overdue: true);
        }
        Tell(result);
        return Answered(result);

        HandOverResult Answered(HandOverResult answer, bool overdue = false)
        {
            instruments.Answered(decommission, answer, overdue);
            return answer;
        }

        void Tell(HandOverResult ended)
        {
            if (leftAlone)
                return;
            if (ended.Outcome == HandOverOutcome.Failed)
                logger.LogError(
                    "job {Job}: {Direction} failed after {Elapsed}{Where}: {Problems}",
                    job.Number,
                    direction,
                    Milliseconds(ended.Elapsed),
                    Where(job),
                    problems.Describe()
                );
            else if (ended.Outcome == HandOverOutcome.NothingToDo)
                logger.LogDebug("job {Job}: Kubernetes knows none of its nodes", job.Id);
            else
                logger.LogInformation(
                    "job {Job}: {Direction} of {Nodes} nodes {Outcome} in {Elapsed}{Pods}{Where}",
                    job.Number,
                    direction,
                    ended.Nodes.Count,
                    ended.Outcome == HandOverOutcome.Done ? "done" : "superseded",
                    Milliseconds(ended.Elapsed),
                    decommission ? $", {ended.PodsEvicted} pods evicted" : "",
                    Where(job)
                );
        }

        // What was begun before the answer is done after it; whoever reads the log has read that it was not.
        async Task TellLaterAsync()
        {
            try
            {
                var ended = await working.ConfigureAwait(false);
                if (ended.Outcome == HandOverOutcome.Done)
                    Tell(ended);
                else if (!decommission && ended.Outcome == HandOverOutcome.Failed && !stop.IsCancellationRequested)
                    logger.LogInformation(
                        "job {Job}: recommission given up after {Elapsed}{Where}: the reconciler gives the nodes back when it can",
                        job.Number,
                        Milliseconds(ended.Elapsed),
                        Where(job)
                    );
            }
            catch (Exception e)
            {
                logger.LogError(
                    "job {Job}: {Direction} ended by an error that should not have been: {Error}",
                    job.Number,
                    direction,
                    e.ToString().ReplaceLineEndings(" ")
                );
            }
        }

        async Task<HandOverResult> RunAsync()
        {
            instruments.UnderWay(1);
            try
            {
                // The caller's thread only takes the turn.
                await turn.Before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                var (reason, refusal) = policy.Judge(job);
                leftAlone = reason is not null;
                if (leftAlone)
                {
                    logger.LogInformation("job {Job}: Kubernetes left alone: {Reason}", job.Number, reason);
                    return Result(HandOverOutcome.NothingToDo, 0);
                }
                if (decommission && refusal is not null)
                    logger.LogInformation("job {Job}: {Refusal}", job.Number, refusal);
                nodes = await ResolveAsync(job, problems, turn.Over).ConfigureAwait(false);
                if (nodes.Count == 0)
                    return Result(HandOverOutcome.NothingToDo, 0);
                var pods = await work(nodes, problems, turn).ConfigureAwait(false);
                return Result(problems.IsEmpty ? HandOverOutcome.Done : HandOverOutcome.Failed, pods);
            }
            catch (OperationCanceledException)
            {
                if (!turn.IsSuperseded)
                    problems.Set(Cluster, "stopped before it was done");
                return Result(turn.IsSuperseded ? HandOverOutcome.Superseded : HandOverOutcome.Failed, 0);
            }
            catch (ClusterException e)
            {
                problems.Set(Cluster, e.Message);
                return Result(HandOverOutcome.Failed, 0);
            }
            finally
            {
                instruments.UnderWay(-1);
                turn.End();
                if (inDoubt)
                    InDoubt?.Invoke();
            }
        }

        HandOverResult Result(HandOverOutcome outcome, int pods) =>
            new(outcome, [.. nodes.Select(n => n.SlurmName)], pods, time.GetElapsedTime(began), problems.Lines);
    }

    private async Task<IReadOnlyList<JobNode>> ResolveAsync(Job job, Problems problems, CancellationToken cancellationToken)
    {
        var nodes = new List<JobNode>();
        problems.Set(Cluster, "Kubernetes has not listed its nodes yet (is the API server reachable?)");
        var directory = await cluster.NodesAsync(cancellationToken).ConfigureAwait(false);
        problems.Clear(Cluster);
        foreach (var name in job.Nodes)
        {
            if (!policy.Counts(name))
                logger.LogDebug("job {Job}: node {Node} is not lent (nodes.include, nodes.exclude)", job.Number, name);
            else if (names.Find(name, directory) is { } node)
                nodes.Add(new JobNode(name, node));
            else
                logger.LogDebug("job {Job}: Kubernetes has no node for {Node}", job.Number, name);
        }
        return nodes;
    }

    // All nodes at once: the cluster itself bounds the requests under way.
    private Task OnEveryAsync(
        Job job,
        IReadOnlyList<JobNode> nodes,
        Problems problems,
        CancellationToken over,
        Func<ClusterNode, Task<bool>> work
    ) =>
        Task.WhenAll(
            nodes.Select(async node =>
            {
                problems.Set(node.SlurmName, $"node {node.SlurmName}: not answered yet");
                try
                {
                    // A write that has been sent is seen to its end: cancelled on our side only, it could still happen
                    // after the job's next hand-over. So its own time limit ends it, and what is over the tries.
                    await retry
                        .UntilDoneAsync(
                            async _ =>
                                await CurrentAsync(node, over).ConfigureAwait(false) is { } current
                                && await work(current).ConfigureAwait(false),
                            problem =>
                            {
                                problems.Set(node.SlurmName, $"node {node.SlurmName}: {problem.Message}");
                                logger.LogDebug(
                                    "job {Job}: node {Node}: trying again: {Cause}",
                                    job.Number,
                                    node.SlurmName,
                                    problem.Message
                                );
                            },
                            over
                        )
                        .ConfigureAwait(false);
                    problems.Clear(node.SlurmName);
                }
                catch (ClusterException e) when (e.Fault == ClusterFault.NotFound)
                {
                    problems.Clear(node.SlurmName);
                    logger.LogDebug("job {Job}: node {Node} is gone from Kubernetes", job.Number, node.SlurmName);
                }
                catch (ClusterException e)
                {
                    problems.Set(node.SlurmName, $"node {node.SlurmName}: {e.Message}");
                }
            })
        );

    // A node that was deleted and registered again has a new uid; one that is gone needs nothing.
    private async ValueTask<ClusterNode?> CurrentAsync(JobNode node, CancellationToken cancellationToken) =>
        names.Find(node.SlurmName, await cluster.NodesAsync(cancellationToken).ConfigureAwait(false));

    private void Record(ClusterNode node, Job job, string reason, DateTimeOffset began, string message, bool warning)
    {
        if (configuration.Kubernetes.Events)
            events.Record(new NodeEvent(node, job.Hold, reason, message, began, time.GetUtcNow(), warning));
    }

    private static string Describe(Job job) =>
        $"{job.Number}{(job.User.Length > 0 ? $" of {job.User}" : "")}{(job.Partition.Length > 0 ? $" in {job.Partition}" : "")} ({job.Cluster})";

    // An annotation is soon written by anyone who may write the node.
    private static string Few(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostShown)) + (names.Count > MostShown ? $" and {names.Count - MostShown} more" : "");

    // Where it was, in a word however many nodes; bebidactl timeline reads it. A reconciler's job has no list by Slurm.
    private static string Where(Job job) =>
        job.NodeList.Length > 0 ? $" on {job.NodeList}"
        : job.Nodes.Count is > 0 and <= MostShown ? $" on {string.Join(',', job.Nodes)}"
        : "";

    private static string Milliseconds(TimeSpan elapsed) => $"{elapsed.TotalMilliseconds:0} ms";

    private sealed record JobNode(string SlurmName, ClusterNode Node);
}
