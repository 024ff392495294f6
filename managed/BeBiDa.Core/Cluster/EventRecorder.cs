using System.Threading.Channels;
using BeBiDa.Configuration;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cluster;

/// <summary>Writes Events in the background, so that no job waits for them. An Event that Kubernetes rejects is lost; Events are best effort.</summary>
public sealed class EventRecorder : IAsyncDisposable
{
    // So that an outage does not fill slurmctld's memory with Events.
    private const int Capacity = 4096;

    private readonly Channel<NodeEvent> events = Channel.CreateBounded<NodeEvent>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest }
    );
    private readonly CancellationTokenSource stop = new();
    private readonly ICluster cluster;
    private readonly ILogger logger;
    private readonly TimeSpan patience;
    private readonly Task writers;

    private EventRecorder(ICluster cluster, ILogger logger, TimeSpan patience)
    {
        this.cluster = cluster;
        this.logger = logger;
        this.patience = patience;
        writers = Task.WhenAll(Enumerable.Range(0, RequestLimits.EventWrites).Select(_ => WriteAsync()));
    }

    /// <summary>Starts to write.</summary>
    /// <returns>Null where a site wants no Events.</returns>
    public static EventRecorder? For(KubernetesConfiguration configuration, ICluster cluster, ILogger logger) =>
        configuration.Events ? new EventRecorder(cluster, logger, configuration.EventsPatience) : null;

    /// <summary>Queues an Event; never waits.</summary>
    public void Record(NodeEvent nodeEvent) => events.Writer.TryWrite(nodeEvent);

    /// <summary>Writes what is queued, for at most <see cref="KubernetesConfiguration.EventsPatience"/>, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        events.Writer.TryComplete();
        stop.CancelAfter(patience);
        await writers.ConfigureAwait(false);
        stop.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var nodeEvent in events.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await cluster.RecordAsync(nodeEvent, stop.Token).ConfigureAwait(false);
                }
                catch (ClusterException e)
                {
                    logger.EventNotWritten(nodeEvent.Node.Name, nodeEvent.Reason, e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }
}
