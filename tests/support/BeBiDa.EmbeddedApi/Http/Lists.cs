using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Selectors;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>Lists with selectors, in pages that all show the same moment.</summary>
internal sealed class Lists(Store store)
{
    private const int KeptSnapshots = 64;

    private readonly Lock gate = new();
    private readonly LinkedList<(string Resource, Snapshot Snapshot)> snapshots = [];

    public (IReadOnlyList<StoredObject> Objects, JsonObject Metadata) Read(ApiRequest request)
    {
        var type = request.Type;
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Query("fieldSelector"), type);
        var limit =
            int.TryParse(request.Query("limit"), CultureInfo.InvariantCulture, out var wanted) && wanted > 0 ? wanted : int.MaxValue;
        var token = request.Query("continue");
        if (request.Query("resourceVersion") is { Length: > 0 } text && !long.TryParse(text, CultureInfo.InvariantCulture, out _))
            throw ApiError.BadRequest($"resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax");
        var (snapshot, after) = string.IsNullOrEmpty(token) ? (store.Read(type.Plural), "") : Resume(type, token);

        var found = new List<StoredObject>();
        var remaining = 0;
        var filtered = !labels.IsEverything || !fields.IsEverything;
        foreach (var stored in Candidates(snapshot, request, fields))
        {
            if (after.Length > 0 && string.CompareOrdinal(stored.Key, after) <= 0)
                continue;
            if (!Matches(stored, request.Namespace, labels, fields))
                continue;
            if (found.Count < limit)
                found.Add(stored);
            else
                remaining++;
        }

        var metadata = new JsonObject { ["resourceVersion"] = snapshot.Version.ToString(CultureInfo.InvariantCulture) };
        if (remaining > 0)
        {
            metadata["continue"] = Remember(type, snapshot, found[^1].Key);
            if (!filtered)
                metadata["remainingItemCount"] = remaining;
        }
        return (found, metadata);
    }

    public static bool Matches(StoredObject stored, string space, LabelSelector labels, FieldSelector fields) =>
        (space.Length == 0 || stored.Namespace == space)
        && (labels.IsEverything || labels.Matches(stored.Metadata["labels"] as JsonObject))
        && (fields.IsEverything || fields.Matches(stored.Json));

    private static IEnumerable<StoredObject> Candidates(Snapshot snapshot, ApiRequest request, FieldSelector fields)
    {
        if (fields.Name is not { } name || (request.Type.Namespaced && request.Namespace.Length == 0))
            return snapshot.Objects.Values;
        var key = request.Type.Namespaced ? $"{request.Namespace}/{name}" : name;
        return snapshot.Objects.TryGetValue(key, out var one) ? [one] : [];
    }

    private string Remember(ResourceType type, Snapshot snapshot, string after)
    {
        lock (gate)
        {
            if (!snapshots.Any(kept => kept.Resource == type.Plural && kept.Snapshot.Version == snapshot.Version))
                snapshots.AddFirst((type.Plural, snapshot));
            if (snapshots.Count > KeptSnapshots)
                snapshots.RemoveLast();
        }
        return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{snapshot.Version.ToString(CultureInfo.InvariantCulture)} {after}"));
    }

    private (Snapshot Snapshot, string After) Resume(ResourceType type, string token)
    {
        string[] parts;
        try
        {
            parts = Encoding.UTF8.GetString(Convert.FromBase64String(token)).Split(' ', 2);
        }
        catch (FormatException)
        {
            throw ApiError.BadRequest("continue key is not valid: illegal base64 data");
        }
        if (parts.Length != 2 || !long.TryParse(parts[0], CultureInfo.InvariantCulture, out var version))
            throw ApiError.BadRequest("continue key is not valid: incorrect encoded start resourceVersion");
        lock (gate)
        {
            var kept = snapshots.FirstOrDefault(one => one.Resource == type.Plural && one.Snapshot.Version == version).Snapshot;
            if (kept is not null)
                return (kept, parts[1]);
        }
        throw ApiError.Expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."
        );
    }

    /// <summary>Forgets the moments that continued lists show.</summary>
    public void Compact()
    {
        lock (gate)
            snapshots.Clear();
    }
}
