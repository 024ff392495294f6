using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using BeBiDa.Metrics;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>Hands the nodes of jobs over: from Kubernetes to Slurm before a job, and back after it.</summary>
/// <remarks>
/// The answer comes within the budget; the work goes on after it until it is done, until the job's recommission makes
/// its decommission pointless, or until everything stops. So a job that started over a broken Kubernetes still gets
/// its holds when Kubernetes is back. A recommission gives up after a further deadline and leaves the rest to the
/// reconciler: any number of jobs may end during an outage, and each would keep retrying.
/// </remarks>
public sealed class HandOvers : IAsyncDisposable
{
    // The circuit breaker lets at least one request through in this time.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    private readonly ICluster cluster;
    private readonly TimeSpan deadline;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Instruments instruments;
    private readonly HandOverEvents events;
    private readonly LateBoundPods lateBoundPods;
    private readonly RecentEnds recentEnds;
    private readonly JobSequencer sequencer = new();
    private readonly DrainedNodes drainedNodes = new();
    private readonly Admission admission;
    private readonly Taking taking;
    private readonly GivingBack givingBack;
    private readonly bool lingers;
    private readonly CancellationTokenSource stop = new();
    private bool disposed;

    /// <summary>Gets ready; nothing is asked of the cluster yet.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="configuration">The site's configuration.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell.</param>
    /// <param name="presence">Whom to ask whether a job has left its nodes; when null, it has once they are given back.</param>
    /// <param name="instruments">Where to count; may be null.</param>
    /// <param name="returning">What holds the nodes that a job has left until their kubelets report; null when nothing does.</param>
    /// <param name="lingering">What keeps nodes for the next job; null when nothing does.</param>
    public HandOvers(
        ICluster cluster,
        BebidaConfiguration configuration,
        TimeProvider time,
        ILogger logger,
        IJobPresence? presence = null,
        Instruments? instruments = null,
        Returning? returning = null,
        Lingering? lingering = null
    )
    {
        this.cluster = cluster;
        this.time = time;
        this.logger = logger;
        lingers = lingering is not null;
        this.instruments = instruments ??= new Instruments();
        deadline = configuration.Controller.Deadline;
        presence ??= new JobsHaveLeft();
        recentEnds = new RecentEnds(time);
        events = new HandOverEvents(EventRecorder.For(configuration.Kubernetes, cluster, logger), time);
        var names = new NodeNames(configuration.Nodes);
        var writes = new NodeWrites(cluster, names, time, logger);
        lateBoundPods = new LateBoundPods(cluster, configuration, time, logger, instruments, stop.Token);
        admission = new Admission(cluster, configuration, names, time, logger);
        taking = new Taking(
            cluster,
            configuration,
            writes,
            drainedNodes,
            lateBoundPods,
            events,
            instruments,
            lingering,
            time,
            logger,
            stop.Token
        );
        givingBack = new GivingBack(
            cluster,
            configuration,
            presence,
            sequencer,
            writes,
            drainedNodes,
            lateBoundPods,
            events,
            returning,
            lingering,
            time,
            stop.Token
        );
        if (lingering is null)
            return;
        lingering.Ended += drainedNodes.Forget;
        lingering.Ending += lateBoundPods.Forget;
    }

    /// <summary>Raised when nodes may have been held for a job that is no more: the reconciler is to look.</summary>
    public event Action? InDoubt;

    /// <summary>Raised when a job has been given its nodes, before anything is done about them.</summary>
    public event Action<Job>? Taken;

    /// <summary>Takes the job's nodes from Kubernetes: holds all of them, then evicts their pods and waits until they are gone.</summary>
    /// <param name="job">The job.</param>
    /// <param name="budget">How long the answer may take.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <returns>How it ended; never throws but for a bug.</returns>
    public Task<HandOverResult> DecommissionAsync(Job job, TimeSpan budget, IProgress<HandOverProgress>? progress = null) =>
        HandOverAsync(job, isDecommission: true, budget, progress);

    /// <summary>Gives the job's nodes back to Kubernetes, but for those that other jobs or admins still want out of it.</summary>
    /// <inheritdoc cref="DecommissionAsync"/>
    public Task<HandOverResult> RecommissionAsync(Job job, TimeSpan budget, IProgress<HandOverProgress>? progress = null) =>
        HandOverAsync(job, isDecommission: false, budget, progress);

    /// <summary>Whether a hand-over of this job has been asked for and has not ended, in the background or not.</summary>
    public bool IsUnderWay(HoldKey job) => sequencer.IsTaken(job);

    /// <summary>Has the reconciler look once a hand-over has ended: it wrote its hold before somebody uncordoned the node.</summary>
    /// <param name="job">The job.</param>
    internal void LookAfter(HoldKey job) => _ = sequencer.EndOf(job).ContinueWith(_ => InDoubt?.Invoke(), TaskScheduler.Default);

    /// <summary>Somebody has uncordoned a node, or has removed a hold from it: pods may have come.</summary>
    public void Opened(ClusterNode node) => drainedNodes.Forget(node);

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

    // The deadline: whoever asked is answered within the budget, and what was begun goes on.
    private async Task<HandOverResult> HandOverAsync(Job job, bool isDecommission, TimeSpan budget, IProgress<HandOverProgress>? progress)
    {
        var turn = sequencer.Take(job.Hold, isDecommission, job.Nodes, stop.Token);
        var request = new HandOverRequest(job, isDecommission, budget, progress, turn, time)
        {
            MayHaveEnded = isDecommission && recentEnds.Contains(job.Hold),
        };
        var working = RunAsync(request);
        var left = budget;
        // After the API server has been down for controller.deadline, new jobs wait only for a probe.
        if (cluster.AwayFor >= deadline && budget > ProbeTimeout)
        {
            if (!await EndsWithinAsync(working, ProbeTimeout).ConfigureAwait(false) && cluster.AwayFor is var away && away > TimeSpan.Zero)
                return Overdue(request, working, ProbeTimeout, away);
            left -= ProbeTimeout;
        }
        if (!await EndsWithinAsync(working, left).ConfigureAwait(false))
            return Overdue(request, working, budget, null);
        var result = await working.ConfigureAwait(false);
        logger.Ended(request, result);
        instruments.Answered(isDecommission, result, overdue: false);
        return result;
    }

    // The order: after the job's hand-overs before, and each step after the one before it.
    private async Task<HandOverResult> RunAsync(HandOverRequest request)
    {
        var hold = request.Job.Hold;
        if (!request.IsDecommission)
        {
            // Nodes that are kept for the next job are looked after on.
            if (!lingers)
                lateBoundPods.Forget(hold);
            recentEnds.Add(hold);
        }
        instruments.UnderWay(1);
        try
        {
            // The caller's thread only takes the turn.
            await request.Turn.Before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (!await admission.AdmitAsync(request).ConfigureAwait(false))
                return request.Result(HandOverOutcome.NothingToDo);
            if (request.IsDecommission)
                Taken?.Invoke(request.Job);
            var pods = 0;
            if (request.IsDecommission)
                pods = await taking.RunAsync(request).ConfigureAwait(false);
            else
                await givingBack.RunAsync(request).ConfigureAwait(false);
            return request.Result(request.Problems.IsEmpty ? HandOverOutcome.Done : HandOverOutcome.Failed, pods);
        }
        catch (OperationCanceledException) when (request.Turn.IsSuperseded)
        {
            return request.Result(HandOverOutcome.Superseded);
        }
        catch (OperationCanceledException)
        {
            request.Problems.Add("stopped before it was done");
            return request.Result(HandOverOutcome.Failed);
        }
        catch (ClusterException e)
        {
            request.Problems.WaitingFor = null;
            request.Problems.Add(e.Message);
            return request.Result(HandOverOutcome.Failed);
        }
        finally
        {
            instruments.UnderWay(-1);
            request.Turn.End();
            if (request.MayHaveEnded)
                InDoubt?.Invoke();
        }
    }

    private async Task<bool> EndsWithinAsync(Task work, TimeSpan limit)
    {
        await work.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return work.IsCompleted;
    }

    private HandOverResult Overdue(HandOverRequest request, Task<HandOverResult> working, TimeSpan limit, TimeSpan? away)
    {
        var result = request.Result(HandOverOutcome.Failed);
        logger.TimedOut(request, limit, away);
        instruments.Answered(request.IsDecommission, result, overdue: true);
        _ = TellLaterAsync(request, working);
        return result;
    }

    // What was begun before the answer is done after it; whoever reads the log has read that it was not.
    private async Task TellLaterAsync(HandOverRequest request, Task<HandOverResult> working)
    {
        try
        {
            var result = await working.ConfigureAwait(false);
            if (result.Outcome == HandOverOutcome.Done)
                logger.Ended(request, result);
            else if (!request.IsDecommission && result.Outcome == HandOverOutcome.Failed && !stop.IsCancellationRequested)
                logger.LeftToReconciler(request.Job.Number, Duration.Format(result.Elapsed));
        }
        catch (Exception e)
        {
            logger.HandOverBroke(e, request.Job.Number, request.Direction);
        }
    }
}
