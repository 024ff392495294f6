using System.Collections.Concurrent;
using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using BeBiDa.Kubernetes;
using BeBiDa.Metrics;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Controller;

/// <summary>BeBiDa inside slurmctld, from its start to its stop.</summary>
internal sealed class Controller
{
    private readonly KubernetesCluster cluster;
    private readonly HandOvers handOvers;
    private readonly PeriodicReconciliation reconciliation;
    private readonly StandingHolds standing;
    private readonly PeriodicReconciliation looks;
    private readonly PeriodicReconciliation? wakes;
    private readonly Textfile? metrics;
    private readonly ILogger logger;
    private readonly Action<ulong, Outcome> answer;
    private readonly ConcurrentDictionary<ulong, Task> answers = new();

    private Controller(
        KubernetesCluster cluster,
        HandOvers handOvers,
        PeriodicReconciliation reconciliation,
        StandingHolds standing,
        PeriodicReconciliation looks,
        PeriodicReconciliation? wakes,
        Textfile? metrics,
        ILogger logger,
        Action<ulong, Outcome> answer
    )
    {
        this.cluster = cluster;
        this.handOvers = handOvers;
        this.reconciliation = reconciliation;
        this.standing = standing;
        this.looks = looks;
        this.wakes = wakes;
        this.metrics = metrics;
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
        INodesKeptOn keptOn,
        ISlurmChanges changes
    )
    {
        var path = ConfigurationFile.Path;
        var configuration = ConfigurationFile.Load(path);
        // A credential plugin would be a child of slurmctld, whose SIGCHLD is not ours to handle.
        var cluster = KubernetesCluster.Connect(configuration, allowExec: false, TimeProvider.System, logger);
        logger.Configured(path, $"{cluster.Address}");
        foreach (var problem in configuration.Outdated)
            logger.Unusable($"{problem}");
        var instruments = new Instruments();
        var handOvers = new HandOvers(cluster, configuration, TimeProvider.System, logger, presence, instruments);
        var standing = new StandingHolds(cluster, cluster, conditions, configuration, TimeProvider.System, logger, instruments, changes);
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
            standing
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
        var keepAwake = new KeepAwake(cluster, conditions, keptOn, configuration, logger);
        var wakes = configuration.Nodes.KeepAwake
            ? new PeriodicReconciliation(
                keepAwake.RepairAsync,
                keepAwake.Interval,
                TimeProvider.System,
                logger,
                "keeping nodes with pods awake",
                TimeSpan.FromMinutes(1)
            )
            : null;
        // A node that is registered anew, during a job perhaps, has no hold.
        cluster.NodeAdded += reconciliation.LookSoon;
        handOvers.InDoubt += reconciliation.LookSoon;
        cluster.NodeMarked += looks.LookSoon;
        var metrics =
            configuration.Metrics.Textfile.Length == 0 ? null : Publish(configuration.Metrics.Textfile, instruments, cluster, logger);
        return new Controller(cluster, handOvers, reconciliation, standing, looks, wakes, metrics, logger, answer);
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
        if (wakes is not null)
            await wakes.DisposeAsync().ConfigureAwait(false);
        await looks.DisposeAsync().ConfigureAwait(false);
        await reconciliation.DisposeAsync().ConfigureAwait(false);
        await standing.DisposeAsync().ConfigureAwait(false);
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
