using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>Which objects a label selector means.</summary>
internal static class LabelSelection
{
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>No selector means nothing, an empty one everything.</summary>
    public static bool Selects(this V1LabelSelector? selector, V1ObjectMeta metadata)
    {
        if (selector is null)
            return false;
        var labels = metadata.Labels ?? s_none;
        return (selector.MatchLabels?.All(entry => labels.TryGetValue(entry.Key, out var value) && value == entry.Value) ?? true)
            && (
                selector.MatchExpressions?.All(wanted => Matches(wanted, labels.TryGetValue(wanted.Key, out var value) ? value : null))
                ?? true
            );
    }

    private static bool Matches(V1LabelSelectorRequirement wanted, string? value) =>
        wanted.OperatorProperty switch
        {
            "In" => value is not null && wanted.Values.Contains(value),
            "NotIn" => value is null || !wanted.Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
}
