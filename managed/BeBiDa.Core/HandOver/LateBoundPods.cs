using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.Holds;
using BeBiDa.Metrics;
using Microsoft.Extensions.Logging;

namespace BeBiDa.HandOver;

/// <summary>
/// Evicts the pods that come to a job's nodes after its drain: the scheduler had chosen the node before the hold and bound
/// the pod after it, which the API server allows.
/// </summary>
/// <remarks>The job does not wait for this. A binding usually takes milliseconds, and seconds where volumes are bound.</remarks>
internal sealed class LateBoundPods(
    ICluster cluster,
    BebidaConfiguration configuration,
    TimeProvider time,
    ILogger logger,
    Instruments instruments,
    CancellationToken stop
)
{
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)];

    private readonly Lock gate = new();

    // A job may get nodes twice: its prolog was repeated, or the reconciler has held some of them again.
    private readonly Dictionary<HoldKey, Dictionary<CancellationTokenSource, Task>> watched = [];

    /// <summary>Looks after nodes that a job has just got, twice; not if the job gives them back already.</summary>
    public void Watch(HoldKey job, IReadOnlyCollection<ClusterNode> nodes, ReplacementLimit limit, Turn turn)
    {
        lock (gate)
        {
            // Set before Forget is called: so either this is seen here, or what begins here is forgotten there.
            if (turn.IsSuperseded)
                return;
            var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            if (!watched.TryGetValue(job, out var looks))
                watched[job] = looks = [];
            looks[over] = LookAsync(job, nodes, limit, over);
        }
    }

    /// <summary>The job gives its nodes back: what comes to them is welcome.</summary>
    public void Forget(HoldKey job)
    {
        lock (gate)
            foreach (var over in watched.GetValueOrDefault(job)?.Keys.AsEnumerable() ?? [])
                _ = over.CancelAsync();
    }

    /// <summary>Ends when nothing is looked after any more.</summary>
    public Task WhenAllEnded()
    {
        lock (gate)
            return Task.WhenAll(watched.Values.SelectMany(looks => looks.Values));
    }

    private async Task LookAsync(HoldKey job, IReadOnlyCollection<ClusterNode> nodes, ReplacementLimit limit, CancellationTokenSource over)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            foreach (var pause in Pauses)
            {
                await Task.Delay(pause, time, over.Token).ConfigureAwait(false);
                var drain = new Drain(
                    cluster,
                    new DrainScope(nodes, new HashSet<string>(), limit, OnlyLate: true),
                    configuration.Eviction,
                    configuration.Kubernetes.MaxInFlight,
                    configuration.Eviction.Deadline,
                    time,
                    logger,
                    instruments
                );
                var drained = await drain.RunAsync(over.Token).ConfigureAwait(false);
                foreach (var (node, pods) in drained.Evicted)
                    logger.LateBoundPodsEvicted(job.Job, node, pods);
            }
        }
        catch (OperationCanceledException)
        {
            // The job has given its nodes back, or everything stops.
        }
        catch (ClusterException e)
        {
            logger.LateBoundPodsUnknown(job.Job, e.Message);
        }
        finally
        {
            lock (gate)
            {
                if (watched[job].Remove(over) && watched[job].Count == 0)
                    watched.Remove(job);
                over.Dispose();
            }
        }
    }
}
