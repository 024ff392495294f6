using BeBiDa.Cluster;

namespace BeBiDa.HandOver;

/// <summary>Leaves Events of hand-overs on the Nodes, for <c>kubectl describe node</c>.</summary>
/// <param name="recorder">Who writes them; null where they are switched off.</param>
/// <param name="time">The clock.</param>
internal sealed class HandOverEvents(EventRecorder? recorder, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Queues an Event; never waits.</summary>
    /// <param name="node">The node.</param>
    /// <param name="request">The hand-over.</param>
    /// <param name="reason">A short word in CamelCase, for machines.</param>
    /// <param name="message">A sentence, for people.</param>
    /// <param name="began">When the hand-over of the node began; null for now.</param>
    /// <param name="warning">Whether something was not as it should be.</param>
    public void Record(
        ClusterNode node,
        HandOverRequest request,
        string reason,
        string message,
        DateTimeOffset? began = null,
        bool warning = false
    )
    {
        var now = time.GetUtcNow();
        recorder?.Record(new NodeEvent(node, request.Job.Hold, reason, message, began ?? now, now, warning, request.Job.IsRepair));
    }

    /// <summary>Ends.</summary>
    public ValueTask DisposeAsync() => recorder?.DisposeAsync() ?? ValueTask.CompletedTask;
}
