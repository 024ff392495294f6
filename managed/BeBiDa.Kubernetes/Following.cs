using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>Told of all objects of a kind, and then of each that changes.</summary>
/// <typeparam name="T">The kind.</typeparam>
/// <remarks>Its methods are called one after the other.</remarks>
public interface IFollower<in T>
{
    /// <summary>These are all that there are.</summary>
    void Listed(IReadOnlyList<T> all);

    /// <summary>One is new or has changed.</summary>
    void Changed(T one);

    /// <summary>One is gone.</summary>
    void Gone(T one);

    /// <summary>Changes may be missed until they are listed again.</summary>
    /// <param name="why">Why, for people.</param>
    void Lost(string why);
}

/// <summary>Follows all objects of a kind: one list, then one watch.</summary>
/// <remarks>Apart from the other requests: only <c>bebidactl record</c> follows, and slurmctld's library need not contain this.</remarks>
internal static class Following
{
    private const int Page = 500;

    /// <summary>Follows until it is cancelled.</summary>
    /// <param name="client">The API server.</param>
    /// <param name="path">The kind's path, with a query.</param>
    /// <param name="list">How to read a list.</param>
    /// <param name="line">How to read a line of a watch.</param>
    /// <param name="read">Makes of an object what the follower is told; null for one that does not concern it.</param>
    /// <param name="follower">Who is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static Task RunAsync<TObject, TList, T>(
        ApiClient client,
        string path,
        JsonTypeInfo<TList> list,
        JsonTypeInfo<WatchLine<TObject>> line,
        Func<TObject, T?> read,
        IFollower<T> follower,
        TimeProvider time,
        CancellationToken cancellationToken
    )
        where TObject : class, IFollowed
        where TList : class, IFollowedList<TObject>
        where T : class
    {
        return new ListWatch(
            ListAsync,
            WatchAsync,
            e => follower.Lost(e is ClusterException ? e.Message : e.ToString().ReplaceLineEndings(" ")),
            resumes: true,
            time
        ).RunAsync(null, cancellationToken);

        async Task<string> ListAsync(CancellationToken token)
        {
            var all = new List<T>();
            var resourceVersion = "";
            await foreach (
                var page in ObjectLists
                    .PagesAsync(
                        client.Address,
                        next => client.SendAsync(HttpMethod.Get, $"{path}&limit={Page}{next}", null, ApiClient.Json, list, token)
                    )
                    .ConfigureAwait(false)
            )
            {
                all.AddRange((page.Items ?? []).OfType<TObject>().Select(read).OfType<T>());
                resourceVersion = page.Metadata!.ResourceVersion!;
            }
            follower.Listed(all);
            return resourceVersion;
        }

        async IAsyncEnumerable<string> WatchAsync(string resourceVersion, [EnumeratorCancellation] CancellationToken token)
        {
            var lines = client.WatchAsync(
                RequestKind.Other,
                $"{path}&watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={resourceVersion}",
                ApiClient.Json,
                line,
                token
            );
            await foreach (var next in lines.ConfigureAwait(false))
            {
                if (next.Object is not { } one)
                    continue;
                if (next.Type is "ADDED" or "MODIFIED" or "DELETED" && read(one) is { } told)
                    if (next.Type == "DELETED")
                        follower.Gone(told);
                    else
                        follower.Changed(told);
                resourceVersion = one.ResourceVersion ?? resourceVersion;
                yield return resourceVersion;
            }
        }
    }
}

internal interface IFollowed
{
    string? ResourceVersion { get; }
}

internal interface IFollowedList<T> : IObjectList
{
    List<T?>? Items { get; }
}

internal sealed record FollowedNode(FollowedNodeMeta? Metadata, NodeSpec? Spec, FollowedNodeStatus? Status) : IFollowed
{
    [JsonIgnore]
    public string? ResourceVersion => Metadata?.ResourceVersion;
}

internal sealed record FollowedNodeMeta(
    string? Name,
    string? Uid,
    string? ResourceVersion,
    Dictionary<string, string>? Labels,
    Dictionary<string, string>? Annotations
);

internal sealed record FollowedNodeStatus(List<NodeCondition?>? Conditions);

internal sealed record FollowedNodeList(ListMeta? Metadata, List<FollowedNode?>? Items) : IFollowedList<FollowedNode>;

internal sealed record FollowedPod(FollowedPodMeta? Metadata, FollowedPodSpec? Spec, FollowedPodStatus? Status) : IFollowed
{
    [JsonIgnore]
    public string? ResourceVersion => Metadata?.ResourceVersion;
}

internal sealed record FollowedPodMeta(
    string? Name,
    string? Namespace,
    string? Uid,
    string? ResourceVersion,
    DateTimeOffset? CreationTimestamp,
    DateTimeOffset? DeletionTimestamp,
    PodAnnotations? Annotations,
    List<OwnerReference?>? OwnerReferences
);

internal sealed record FollowedPodSpec(string? NodeName, List<PodToleration?>? Tolerations);

internal sealed record FollowedPodStatus(string? Phase, DateTimeOffset? StartTime);

internal sealed record FollowedPodList(ListMeta? Metadata, List<FollowedPod?>? Items) : IFollowedList<FollowedPod>;

internal sealed record FollowedEvent(FollowedEventMeta? Metadata, ListedEventObject? InvolvedObject, string? Reason, string? Message)
    : IFollowed
{
    [JsonIgnore]
    public string? ResourceVersion => Metadata?.ResourceVersion;
}

internal sealed record FollowedEventMeta(string? ResourceVersion, Dictionary<string, string>? Annotations);

internal sealed record FollowedEventList(ListMeta? Metadata, List<FollowedEvent?>? Items) : IFollowedList<FollowedEvent>;

[JsonSourceGenerationOptions(MaxDepth = 10_001, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FollowedNodeList))]
[JsonSerializable(typeof(FollowedPodList))]
[JsonSerializable(typeof(FollowedEventList))]
[JsonSerializable(typeof(WatchLine<FollowedNode>))]
[JsonSerializable(typeof(WatchLine<FollowedPod>))]
[JsonSerializable(typeof(WatchLine<FollowedEvent>))]
internal sealed partial class FollowingJson : JsonSerializerContext;
