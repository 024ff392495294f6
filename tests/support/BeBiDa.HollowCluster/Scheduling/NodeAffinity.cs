using k8s.Models;

namespace BeBiDa.Hollow.Scheduling;

/// <summary>Which nodes a pod asks for: its nodeSelector and its required node affinity.</summary>
internal static class NodeAffinity
{
    public static bool WantsNode(this V1PodSpec pod, V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        if (pod.NodeSelector?.All(entry => labels.TryGetValue(entry.Key, out var value) && value == entry.Value) == false)
            return false;
        var required = pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return required is null || required.NodeSelectorTerms.Any(term => Matches(term, node, labels));
    }

    private static bool Matches(V1NodeSelectorTerm term, V1Node node, IDictionary<string, string> labels)
    {
        // A term without requirements matches no node.
        if ((term.MatchExpressions?.Count ?? 0) + (term.MatchFields?.Count ?? 0) == 0)
            return false;
        return (term.MatchExpressions?.All(wanted => Matches(wanted, labels.TryGetValue(wanted.Key, out var value) ? value : null)) ?? true)
            && (term.MatchFields?.All(wanted => Matches(wanted, wanted.Key == "metadata.name" ? node.Metadata.Name : null)) ?? true);
    }

    private static bool Matches(V1NodeSelectorRequirement wanted, string? value) =>
        wanted.OperatorProperty switch
        {
            "In" => value is not null && wanted.Values.Contains(value),
            "NotIn" => value is null || !wanted.Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
}
