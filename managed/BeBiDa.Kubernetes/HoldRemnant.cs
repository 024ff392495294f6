using System.Text.Json.Serialization;
using BeBiDa.Holds;

namespace BeBiDa.Kubernetes;

/// <summary>
/// What is left of a hold on a Node after its release, because another field manager came to own it too: someone applied a
/// whole Node that they had read during the hold (<c>kubectl get -o yaml | kubectl apply --server-side --force-conflicts</c>).
/// </summary>
/// <remarks>
/// Keys with our prefix are ours, whoever owns them. <c>spec.unschedulable</c> has no prefix: a manager that owns it together
/// with one of our keys has copied it from us; one that owns it alone has cordoned the node.
/// </remarks>
/// <param name="Annotation">Whether the hold's annotation is still there.</param>
/// <param name="Label">Whether the owner label is still there, and no other hold is.</param>
/// <param name="Unschedulable">Whether the node is unschedulable only because a manager has copied that from us.</param>
/// <param name="CordonedBy">The manager that has cordoned the node; null if none has.</param>
internal sealed record HoldRemnant(bool Annotation, bool Label, bool Unschedulable, string? CordonedBy)
{
    /// <summary>Reads what is left of a hold.</summary>
    /// <param name="node">The Node as the release's answer shows it.</param>
    /// <param name="hold">The hold that was released.</param>
    /// <returns>Null if nothing is left of it.</returns>
    public static HoldRemnant? Of(OwnedMeta node, HoldKey hold)
    {
        var annotation = node.Annotations?.ContainsKey(hold.Annotation) == true;
        var isHeldByOthers = Hold.Read(node.Annotations).Any(h => h.Key != hold);
        var label = !isHeldByOthers && node.Labels?.ContainsKey(WellKnownNames.OwnerLabel) == true;
        if (!annotation && !label)
            return null;
        var cordoning = (node.ManagedFields ?? []).OfType<ManagedFields>().Where(f => f.OwnsUnschedulable && !f.IsOurs).ToList();
        var admin = cordoning.FirstOrDefault(f => !f.OwnsOurName);
        return new HoldRemnant(
            annotation,
            label,
            !isHeldByOthers && admin is null && cordoning.Count > 0,
            isHeldByOthers ? null : admin?.Manager
        );
    }

    /// <summary>The JSON merge patch that removes it, if the Node is still as it was read.</summary>
    public NodeMergePatch Removal(OwnedMeta node, HoldKey hold) =>
        new(
            new NodeMergePatchMeta(
                node.Uid!,
                node.ResourceVersion!,
                Annotation ? new Dictionary<string, string?> { [hold.Annotation] = null } : null,
                Label ? new Dictionary<string, string?> { [WellKnownNames.OwnerLabel] = null } : null
            ),
            Unschedulable ? new Dictionary<string, bool?> { ["unschedulable"] = null } : null
        );
}

/// <summary>A merge patch (RFC 7396): what is null in a dictionary is removed.</summary>
internal sealed record NodeMergePatch(
    NodeMergePatchMeta Metadata,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, bool?>? Spec
);

internal sealed record NodeMergePatchMeta(
    string Uid,
    string ResourceVersion,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, string?>? Annotations,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, string?>? Labels
);

// Apart from the others, which omit null values.
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeMergePatch))]
internal sealed partial class MergePatchJson : JsonSerializerContext;
