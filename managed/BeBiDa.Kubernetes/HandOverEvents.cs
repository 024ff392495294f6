using System.Globalization;
using System.Text.Json.Serialization;
using BeBiDa.Cluster;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

/// <summary>One node's hand-over, as an Event records it.</summary>
/// <param name="Node">Kubernetes' name of the node.</param>
/// <param name="Job">Whose hand-over it was: a job's, or a standing holder's, also one that only another release knows.</param>
/// <param name="Decommission">Which way it went.</param>
/// <param name="Began">When it began.</param>
/// <param name="Ended">When it was done.</param>
/// <param name="Message">What the Event says, for people.</param>
/// <param name="Repair">Whether the reconciler made up for it.</param>
public sealed record HandOverEvent(
    string Node,
    HoldKey Job,
    bool Decommission,
    DateTimeOffset Began,
    DateTimeOffset Ended,
    string Message,
    bool Repair = false
);

/// <summary>The annotations of Events about hand-overs, by which programs read them.</summary>
/// <remarks>Apart from the other requests: only bebidactl reads them, and slurmctld's library need not contain this.</remarks>
internal static class HandOverEvents
{
    private const int Page = 500;
    private const string True = "true";

    /// <summary>The annotations of an Event.</summary>
    public static Dictionary<string, string> Annotations(NodeEvent handOver)
    {
        var notes = new Dictionary<string, string>
        {
            [WellKnownNames.EventJob] = handOver.Job.ToString(),
            [WellKnownNames.EventBegan] = Format(handOver.Began),
            [WellKnownNames.EventEnded] = Format(handOver.Time),
        };
        if (handOver.Repair)
            notes[WellKnownNames.EventRepair] = True;
        return notes;
    }

    /// <summary>Reads them; skips Events that others have written in another form.</summary>
    /// <exception cref="ClusterException">They cannot be read.</exception>
    public static async Task<IReadOnlyList<HandOverEvent>> ReadAsync(ApiClient client, string space, CancellationToken cancellationToken)
    {
        var events = new List<HandOverEvent>();
        await foreach (
            var page in ObjectLists
                .PagesAsync(
                    client.Address,
                    next =>
                        client.SendAsync(
                            HttpMethod.Get,
                            $"api/v1/namespaces/{space}/events?fieldSelector=involvedObject.kind%3DNode&limit={Page}{next}",
                            null,
                            ApiClient.Json,
                            EventJson.Default.ListedEventList,
                            cancellationToken
                        )
                )
                .ConfigureAwait(false)
        )
            events.AddRange((page.Items ?? []).Select(Read).OfType<HandOverEvent>());
        return events;
    }

    /// <summary>Reads one; null for what is not ours, or in another form.</summary>
    public static HandOverEvent? Read(ListedEvent? listed) =>
        listed
            is {
                InvolvedObject.Name: { } node,
                Reason: NodeEvent.Decommissioned or NodeEvent.Recommissioned,
                Metadata.Annotations: { } notes
            }
        && HoldKey.TryParseAnnotation(WellKnownNames.HoldAnnotationPrefix + notes.GetValueOrDefault(WellKnownNames.EventJob), out var job)
        && Time(notes, WellKnownNames.EventBegan) is { } began
        && Time(notes, WellKnownNames.EventEnded) is { } ended
        && began <= ended
            ? new HandOverEvent(
                node,
                job,
                listed.Reason == NodeEvent.Decommissioned,
                began,
                ended,
                listed.Message ?? "",
                notes.GetValueOrDefault(WellKnownNames.EventRepair) == True
            )
            : null;

    private static DateTimeOffset? Time(Dictionary<string, string> notes, string key) =>
        DateTimeOffset.TryParse(notes.GetValueOrDefault(key), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

internal sealed record ListedEventList(ListMeta? Metadata, List<ListedEvent?>? Items) : IObjectList;

internal sealed record ListedEvent(ListedEventMeta? Metadata, ListedEventObject? InvolvedObject, string? Reason, string? Message);

internal sealed record ListedEventMeta(Dictionary<string, string>? Annotations);

internal sealed record ListedEventObject(string? Name);

[JsonSourceGenerationOptions(MaxDepth = 10_001, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListedEventList))]
internal sealed partial class EventJson : JsonSerializerContext;
