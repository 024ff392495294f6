using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>Which objects a label selector means.</summary>
internal static class LabelSelection
{
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>No selector means nothing, an empty one everything. No workload here has matchExpressions.</summary>
    public static bool Selects(this V1LabelSelector? selector, V1ObjectMeta metadata)
    {
        if (selector is null)
            return false;
        var labels = metadata.Labels ?? s_none;
        return selector.MatchLabels?.All(entry => labels.TryGetValue(entry.Key, out var value) && value == entry.Value) ?? true;
    }
}
