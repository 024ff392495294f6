using System.Collections.Concurrent;
using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;
using BeBiDa.Metrics;
using BeBiDa.Planning;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Controller;

/// <summary>BeBiDa inside slurmctld, from its start to its stop.</summary>
internal sealed class Controller
{
    private readonly KubernetesCluster cluster;
    private readonly HandOvers handOvers;
    private readonly Returning? returning;
    private readonly Lingering? lingering;
    private readonly Textfile? metrics;

    // What works by itself, in the order in which it ends.
    private readonly IReadOnlyList<IAsyncDisposable> periodic;
    private readonly ILogger logger;
    private readonly Action<ulong, Outcome> answer;
    private readonly ConcurrentDictionary<ulong, Task> answers = new();

    private Controller(
        KubernetesCluster cluster,
        HandOvers handOvers,
        Returning? returning,
        Lingering? lingering,
        Textfile? metrics,
        IReadOnlyList<IAsyncDisposable> periodic,
        ILogger logger,
        Action<ulong, Outcome> answer
    )
    {
        this.cluster = cluster;
        this.handOvers = handOvers;
        this.returning = returning;
        this.lingering = lingering;
        this.metrics = metrics;
        this.periodic = periodic;
        this.logger = logger;
        this.answer = answer;
    }

    /// <summary>Reads the configuration and starts to follow the cluster; waits for nothing.</summary>
    /// <exception cref="ConfigurationException">The configuration or the kubeconfig cannot be used.</exception>
    public static Controller Start(
        ILogger logger,
        Action<ulong, Outcome> answer,
        HostPresence presence,
        IJobs jobs,
        ISlurmConditions conditions,
        ISlurmPlans plans,
        INodesKeptOn keptOn,
        ISlurmChanges changes
    )
    {
        var path = ConfigurationFile.Path;
        var configuration = ConfigurationFile.Load(path);
        // Four write Events, and end one after the other, after open hand-overs have had 0.8 s: the shim waits 1.5 s for all of it.
        configuration = configuration with
        {
            Kubernetes = configuration.Kubernetes with { EventsPatience = TimeSpan.FromMilliseconds(100) },
        };
        // A credential plugin would be a child of slurmctld, whose SIGCHLD is not ours to handle.
        var cluster = KubernetesCluster.Connect(configuration, allowExec: false, TimeProvider.System, logger);
        logger.Configured(path, $"{cluster.Address}");
        foreach (var problem in configuration.Outdated)
            logger.Unusable($"{problem}");
        var instruments = new Instruments();
        var returning = configuration.Nodes.WaitUntilReady
            ? new Returning(cluster, cluster, configuration, TimeProvider.System, logger)
            : null;
        var lingering = Lingering.IsNeeded(configuration)
            ? new Lingering(cluster, configuration, TimeProvider.System, logger, returning, instruments)
            : null;
        var handOvers = new HandOvers(cluster, configuration, TimeProvider.System, logger, presence, instruments, returning, lingering);
        var freeTimes = configuration.Nodes.FreeSeconds ? new FreeTimes(cluster, cluster, configuration, TimeProvider.System) : null;
        var foresight =
            configuration.Nodes.Lead > TimeSpan.Zero || freeTimes is not null
                ? new Foresight(plans, configuration, TimeProvider.System, logger, instruments, freeTimes)
                : null;
        if (foresight is not null)
            handOvers.Taken += foresight.Started;
        var standing = new StandingHolds(
            cluster,
            cluster,
            conditions,
            configuration,
            TimeProvider.System,
            logger,
            instruments,
            changes,
            returning,
            lingering,
            foresight,
            configuration.Nodes.KeepFree.Count > 0 ? new KeptFree(configuration, TimeProvider.System) : null
        );
        presence.NodeLost = standing.TryLookAsync;
        var reconciler = new Reconciler(
            cluster,
            jobs,
            cluster,
            handOvers,
            configuration,
            TimeProvider.System,
            logger,
            instruments,
            standing,
            lingering
        );
        var reconciliation = new PeriodicReconciliation(
            stop => reconciler.RepairAsync(configuration.Controller.Deadline, stop),
            configuration.Controller.ReconcileInterval,
            TimeProvider.System,
            logger
        );
        var looks = new PeriodicReconciliation(
            standing.RepairAsync,
            configuration.Slurm.LookInterval,
            TimeProvider.System,
            logger,
            "holding nodes for their state in Slurm",
            TimeSpan.FromMinutes(1)
        );
        List<IAsyncDisposable> periodic = [looks, reconciliation, standing];
        if (returning is not null)
            periodic.Insert(
                0,
                new PeriodicReconciliation(
                    returning.LookAsync,
                    Returning.Interval,
                    TimeProvider.System,
                    logger,
                    "waiting for kubelets after jobs"
                )
            );
        if (lingering is not null)
        {
            periodic.Insert(
                0,
                new PeriodicReconciliation(
                    lingering.LookAsync,
                    Lingering.Interval,
                    TimeProvider.System,
                    logger,
                    "keeping nodes for the next job"
                )
            );
            lingering.InDoubt += reconciliation.LookSoon;
        }
        if (freeTimes is not null)
            periodic.Insert(
                0,
                new PeriodicReconciliation(
                    freeTimes.LookAsync,
                    FreeTimes.Interval,
                    TimeProvider.System,
                    logger,
                    "telling how long nodes stay free",
                    TimeSpan.FromMinutes(1)
                )
            );
        if (configuration.Nodes.KeepAwake)
        {
            var keepAwake = new KeepAwake(cluster, conditions, keptOn, configuration, logger);
            periodic.Insert(
                0,
                new PeriodicReconciliation(
                    keepAwake.RepairAsync,
                    keepAwake.Interval,
                    TimeProvider.System,
                    logger,
                    "keeping nodes with pods awake",
                    TimeSpan.FromMinutes(1)
                )
            );
        }
        // A node that is registered anew, during a job perhaps, has no hold.
        cluster.NodeAdded += reconciliation.LookSoon;
        cluster.HoldBroken += node =>
        {
            lingering?.End(node);
            handOvers.Opened(node);
            standing.Opened(node);
            looks.LookSoon();
            reconciliation.LookSoon();
        };
        handOvers.InDoubt += reconciliation.LookSoon;
        cluster.NodeMarked += looks.LookSoon;
        var metrics =
            configuration.Metrics.Textfile.Length == 0 ? null : Publish(configuration.Metrics.Textfile, instruments, cluster, logger);
        return new Controller(cluster, handOvers, returning, lingering, metrics, periodic, logger, answer);
    }

    /// <summary>Begins a hand-over; its end is answered exactly once.</summary>
    public void HandOver(ulong request, Direction direction, Job job, TimeSpan budget)
    {
        var work =
            direction == Direction.Decommission ? handOvers.DecommissionAsync(job, budget) : handOvers.RecommissionAsync(job, budget);
        // Added before it can be removed: the continuation runs later, on a thread of the pool.
        answers[request] = Task.CompletedTask;
        var answering = AnswerAsync(request, job, work);
        if (!answering.IsCompleted)
            answers.TryUpdate(request, answering, Task.CompletedTask);
    }

    /// <summary>Ends all work: within the grace by itself, after it by cancelling.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        foreach (var part in periodic)
            await part.DisposeAsync().ConfigureAwait(false);
        try
        {
            await handOvers.WhenIdleAsync().WaitAsync(grace).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            logger.StoppingEarly();
        }
        await handOvers.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(answers.Values).ConfigureAwait(false);
        if (returning is not null)
            await returning.DisposeAsync().ConfigureAwait(false);
        if (lingering is not null)
            await lingering.DisposeAsync().ConfigureAwait(false);
        await cluster.DisposeAsync().ConfigureAwait(false);
        if (metrics is not null)
            await metrics.DisposeAsync().ConfigureAwait(false);
    }

    private static Textfile Publish(string path, Instruments instruments, KubernetesCluster cluster, ILogger logger)
    {
        instruments.Describe(cluster);
        var exposition = new Exposition(instruments.Meter);
        instruments.Zero();
        return new Textfile(path, exposition, TimeProvider.System, logger);
    }

    private async Task AnswerAsync(ulong request, Job job, Task<HandOverResult> work)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var outcome = Outcome.Failed;
        try
        {
            if ((await work.ConfigureAwait(false)).Succeeded)
                outcome = Outcome.Done;
        }
        catch (Exception e)
        {
            logger.HandOverBroke(e, job.Id);
        }
        finally
        {
            answer(request, outcome);
            answers.TryRemove(request, out _);
        }
    }
}
