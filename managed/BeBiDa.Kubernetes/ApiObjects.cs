using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

// The few fields of Kubernetes objects that BeBiDa reads; everything else in an answer is skipped.
// Names and meanings: kubernetes.io/docs/reference/kubernetes-api.

internal sealed record ObjectMeta(string? Name, string? Uid, Dictionary<string, string>? Labels, Dictionary<string, string>? Annotations);

internal sealed record OwnerReference(string? Kind, string? Name, string? Uid, bool? Controller);

internal interface IObjectList
{
    ListMeta? Metadata { get; }
}

internal sealed record ListMeta(string? ResourceVersion, string? Continue);

/// <summary>A node of a list or watch. Its annotations, up to 256 KiB by anyone who may write them, are skipped but for two: there are many nodes.</summary>
internal sealed record ListedNode(ListedNodeMeta? Metadata);

internal sealed record ListedNodeMeta(
    string? Name,
    string? Uid,
    string? ResourceVersion,
    Dictionary<string, string>? Labels,
    NodeAnnotations? Annotations,
    [property: JsonPropertyName("managedFields")] NodeOwners Owners
);

/// <summary>Those that say more of a mark for maintenance.</summary>
internal sealed record NodeAnnotations(
    [property: JsonPropertyName(WellKnownNames.MaintenanceReason)] string? Reason,
    [property: JsonPropertyName(WellKnownNames.MaintenanceUntil)] string? Until
);

internal sealed record ListedNodeList(ListMeta? Metadata, List<ListedNode?>? Items) : IObjectList;

internal sealed record PodObject(PodMeta? Metadata, PodSpec? Spec, PodStatus? Status);

/// <summary>As for nodes, except for the one annotation that matters.</summary>
internal sealed record PodMeta(
    string? Name,
    string? Namespace,
    string? Uid,
    DateTimeOffset? DeletionTimestamp,
    PodAnnotations? Annotations,
    List<OwnerReference?>? OwnerReferences
);

/// <summary>kubelet marks its static pods so (corev1.MirrorPodAnnotationKey).</summary>
internal sealed record PodAnnotations([property: JsonPropertyName("kubernetes.io/config.mirror")] string? Mirror);

internal sealed record PodSpec(string? NodeName, List<PodVolume?>? Volumes, List<PodToleration?>? Tolerations);

internal sealed record PodVolume(EmptyDir? EmptyDir, Claim? PersistentVolumeClaim, Claim? Ephemeral);

/// <summary>A volume of any claim.</summary>
internal sealed record Claim;

/// <summary>One toleration (core/v1 Toleration).</summary>
internal sealed record PodToleration(string? Key, string? Operator, string? Value, string? Effect)
{
    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    /// <summary>Whether it lets the scheduler bind its pod to an unschedulable node: the taint has the effect NoSchedule and no value (v1helper.TolerationsTolerateTaint).</summary>
    [JsonIgnore]
    public bool ToleratesUnschedulable =>
        (string.IsNullOrEmpty(Effect) || Effect == "NoSchedule")
        && (
            Operator == "Exists"
                ? string.IsNullOrEmpty(Key) || Key == Unschedulable
                : Operator is null or "" or "Equal" && Key == Unschedulable && string.IsNullOrEmpty(Value)
        );
}

internal sealed record EmptyDir;

internal sealed record PodStatus(string? Phase);

internal sealed record PodObjectList(ListMeta? Metadata, List<PodObject?>? Items) : IObjectList;

internal sealed record NodeObject(ObjectMeta? Metadata, NodeSpec? Spec, NodeObjectStatus? Status);

internal sealed record NodeSpec(bool? Unschedulable);

internal sealed record NodeObjectStatus(List<NodeCondition?>? Conditions, List<string?>? VolumesInUse);

internal sealed record NodeCondition(string? Type, string? Status);

internal sealed record NodeObjectList(ListMeta? Metadata, List<NodeObject?>? Items) : IObjectList;

/// <summary>A Node as its kubelet describes it.</summary>
internal sealed record KubeletNode(ObjectMeta? Metadata, KubeletNodeStatus? Status);

internal sealed record KubeletNodeStatus(List<HeartbeatCondition?>? Conditions, Dictionary<string, string?>? Allocatable);

internal sealed record HeartbeatCondition(string? Type, string? Status, string? LastHeartbeatTime);

internal sealed record KubeletNodeList(List<KubeletNode?>? Items);

/// <summary>A node's Lease (coordination.k8s.io/v1).</summary>
internal sealed record LeaseObject(LeaseSpec? Spec);

internal sealed record LeaseSpec(string? RenewTime);

/// <summary>Any object's metadata, and who owns which of its fields.</summary>
internal sealed record OwnedObject(OwnedMeta? Metadata);

internal sealed record OwnedMeta(
    string? Uid,
    string? ResourceVersion,
    Dictionary<string, string>? Annotations,
    Dictionary<string, string>? Labels,
    List<ManagedFields?>? ManagedFields
);

/// <summary>What one manager owns (meta/v1 ManagedFieldsEntry).</summary>
internal sealed record ManagedFields(string? Manager, JsonElement FieldsV1)
{
    /// <summary>Whether it is one of our holds.</summary>
    [JsonIgnore]
    public bool IsOurs => Manager?.StartsWith(WellKnownNames.FieldManagerPrefix, StringComparison.Ordinal) == true;

    /// <summary>Whether it owns spec.unschedulable.</summary>
    [JsonIgnore]
    public bool OwnsUnschedulable => Fields(FieldsV1, "f:spec").Contains("f:unschedulable");

    /// <summary>Whether it owns a hold's annotation or the owner label.</summary>
    [JsonIgnore]
    public bool OwnsOurName =>
        Fields(FieldsV1, "f:metadata", "f:annotations")
            .Any(name => name.StartsWith("f:" + WellKnownNames.HoldAnnotationPrefix, StringComparison.Ordinal))
        || Fields(FieldsV1, "f:metadata", "f:labels").Contains("f:" + WellKnownNames.OwnerLabel);

    /// <summary>Whether it owns a label.</summary>
    public bool OwnsLabel(string label) => Fields(FieldsV1, "f:metadata", "f:labels").Contains("f:" + label);

    // The names below a path of FieldsV1 (structured-merge-diff); none where the path ends before.
    private static IEnumerable<string> Fields(JsonElement fields, params ReadOnlySpan<string> path)
    {
        foreach (var part in path)
            if (fields.ValueKind != JsonValueKind.Object || !fields.TryGetProperty(part, out fields))
                return [];
        return fields.ValueKind == JsonValueKind.Object ? fields.EnumerateObject().Select(property => property.Name) : [];
    }
}

internal sealed record OwnedObjectList(List<OwnedObject?>? Items);

/// <summary>One line of a watch.</summary>
internal sealed record WatchLine<T>(string? Type, T? Object);

/// <summary>The type of a watch's line, which says how to read the rest.</summary>
internal sealed record WatchLineType(string? Type);

/// <summary>The API server's error (meta/v1 Status).</summary>
internal sealed record StatusObject(int? Code, string? Reason, string? Message, StatusDetails? Details);

internal sealed record StatusDetails(string? Name, int? RetryAfterSeconds, List<StatusCause?>? Causes);

internal sealed record StatusCause(string? Reason, string? Field);

internal sealed record NodeApply(string ApiVersion, string Kind, NodeApplyMeta Metadata, NodeApplySpec? Spec);

// With a ResourceVersion, it is applied to that version only (kubernetes.io/docs, "Server-Side Apply", "Conflicts").
internal sealed record NodeApplyMeta(
    string Name,
    string Uid,
    Dictionary<string, string>? Annotations,
    Dictionary<string, string>? Labels,
    string? ResourceVersion = null
);

internal sealed record NodeApplySpec(bool Unschedulable);

internal sealed record EvictionObject(string ApiVersion, string Kind, ObjectName Metadata, DeleteOptions DeleteOptions);

internal sealed record ObjectName(string Name, string Namespace);

internal sealed record DeleteOptions(string ApiVersion, string Kind, long? GracePeriodSeconds, Preconditions Preconditions);

internal sealed record Preconditions(string Uid, string? ResourceVersion);

internal sealed record PodStatusPatch(ObjectUid Metadata, PodConditions Status);

internal sealed record ObjectUid(string Uid);

internal sealed record PodConditions(List<PodCondition> Conditions);

internal sealed record PodCondition(string Type, string Status, string Reason, string Message, string LastTransitionTime);

internal sealed record AccessReview(string ApiVersion, string Kind, AccessReviewSpec? Spec, AccessReviewStatus? Status);

internal sealed record AccessReviewSpec(ResourceAttributes ResourceAttributes);

internal sealed record ResourceAttributes(string? Namespace, string Verb, string Resource, string? Subresource);

internal sealed record AccessReviewStatus(bool? Allowed);

internal sealed record EventObject(
    string ApiVersion,
    string Kind,
    EventMeta Metadata,
    ObjectReference InvolvedObject,
    string Reason,
    string Message,
    EventSource Source,
    string FirstTimestamp,
    string LastTimestamp,
    int Count,
    string Type,
    string ReportingComponent,
    string ReportingInstance
);

internal sealed record EventMeta(string GenerateName, string Namespace, Dictionary<string, string> Annotations);

internal sealed record ObjectReference(string ApiVersion, string Kind, string Name, string Uid);

internal sealed record EventSource(string Component, string Host);

internal static class ObjectLists
{
    /// <summary>A list's metadata. JSON without it comes from something else, and must not be mistaken for an empty list.</summary>
    /// <exception cref="ClusterException">It has none.</exception>
    public static ListMeta ListedBy(this IObjectList? list, Uri server) =>
        list?.Metadata is { ResourceVersion.Length: > 0 } metadata
            ? metadata
            : throw new ClusterException(
                ClusterFault.Unavailable,
                $"{server} did not answer with a list of Kubernetes objects (is it an API server?)"
            );

    /// <summary>Reads a list page by page.</summary>
    /// <param name="server">The server, for the error.</param>
    /// <param name="ask">Reads a page; its argument is appended to the query and empty for the first page.</param>
    /// <exception cref="ClusterException">A page is no list, or is repeated: a server or cache that ignores the query returns the first one for ever.</exception>
    public static async IAsyncEnumerable<T> PagesAsync<T>(Uri server, Func<string, Task<T?>> ask)
        where T : class, IObjectList
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        for (var query = ""; ; )
        {
            var page = await ask(query).ConfigureAwait(false);
            var next = page.ListedBy(server).Continue;
            yield return page!;
            if (string.IsNullOrEmpty(next))
                yield break;
            if (!asked.Add(next))
                throw new ClusterException(
                    ClusterFault.Unavailable,
                    $"{server} lists the same page again and again: it returns the continue token that it was sent (does a proxy cache its answers?)"
                );
            query = $"&continue={Uri.EscapeDataString(next)}";
        }
    }
}

// As deep as the API server itself reads: deep managedFields, which are skipped anyway, must not fail a list.
[JsonSourceGenerationOptions(
    MaxDepth = 10_001,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(OwnedObject))]
[JsonSerializable(typeof(OwnedObjectList))]
[JsonSerializable(typeof(ListedNodeList))]
[JsonSerializable(typeof(PodObjectList))]
[JsonSerializable(typeof(NodeObjectList))]
[JsonSerializable(typeof(KubeletNodeList))]
[JsonSerializable(typeof(LeaseObject))]
[JsonSerializable(typeof(WatchLine<ListedNode>))]
[JsonSerializable(typeof(WatchLine<PodObject>))]
[JsonSerializable(typeof(WatchLine<StatusObject>))]
[JsonSerializable(typeof(WatchLineType))]
[JsonSerializable(typeof(StatusObject))]
[JsonSerializable(typeof(NodeApply))]
[JsonSerializable(typeof(EvictionObject))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(PodStatusPatch))]
[JsonSerializable(typeof(AccessReview))]
[JsonSerializable(typeof(EventObject))]
internal sealed partial class ApiJson : JsonSerializerContext;
