using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>The objects of an informer by something that they have in common, say the node that they run on.</summary>
public sealed class Index<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Func<T, string?> _groupOf;
    private readonly Dictionary<string, Dictionary<string, T>> _groups = [];
    private readonly Lock _lock = new();

    public Index(Informer<T> informer, Func<T, string?> groupOf)
    {
        _groupOf = groupOf;
        informer.Changed += OnChanged;
    }

    public IReadOnlyList<T> this[string group]
    {
        get
        {
            lock (_lock)
                return _groups.TryGetValue(group, out var objects) ? [.. objects.Values] : [];
        }
    }

    private void OnChanged(T? before, T? after)
    {
        lock (_lock)
        {
            if (before is not null && _groupOf(before) is { } old && _groups.TryGetValue(old, out var objects))
            {
                objects.Remove(before.Metadata.Uid);
                if (objects.Count == 0)
                    _groups.Remove(old);
            }

            if (after is not null && _groupOf(after) is { } now)
            {
                if (!_groups.TryGetValue(now, out var group))
                    _groups[now] = group = [];
                group[after.Metadata.Uid] = after;
            }
        }
    }
}
