using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>Which objects name an object as their owner, by its uid.</summary>
internal sealed class OwnerIndex
{
    private static readonly Dictionary<string, ResourceType> ByStorage = ResourceTypes
        .All.Where(type => type is { CreateOnly: false })
        .ToDictionary(type => type.Plural);

    private readonly Lock gate = new();
    private readonly Dictionary<string, HashSet<(ResourceType Type, string Key)>> dependents = [];

    public OwnerIndex(Store store) => store.Changed += Follow;

    public bool HasDependents(string uid)
    {
        lock (gate)
            return dependents.ContainsKey(uid);
    }

    public IReadOnlyCollection<(ResourceType Type, string Key)> DependentsOf(string uid)
    {
        lock (gate)
            return dependents.TryGetValue(uid, out var found) ? [.. found] : [];
    }

    public static IReadOnlyList<string> Owners(StoredObject? json) =>
        json?.Metadata.Array("ownerReferences") is { } references
            ? [.. references.Select(reference => reference.At("uid").Text() ?? "")]
            : [];

    private void Follow(string storage, Change change)
    {
        var before = Owners(change.Previous);
        var after = change.Kind == ChangeKind.Deleted ? [] : Owners(change.Object);
        if ((before.Count == 0 && after.Count == 0) || !ByStorage.TryGetValue(storage, out var type))
            return;
        var entry = (type, change.Object.Key);
        lock (gate)
        {
            foreach (var uid in before.Except(after))
            {
                if (dependents.TryGetValue(uid, out var known) && known.Remove(entry) && known.Count == 0)
                    dependents.Remove(uid);
            }
            foreach (var uid in after)
            {
                if (!dependents.TryGetValue(uid, out var known))
                    dependents[uid] = known = [];
                known.Add(entry);
            }
        }
    }
}
