using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace BeBiDa.EmbeddedApi.Storage;

/// <summary>
/// All objects, with one resource version for all of them. A write is a compare-and-swap on the stored version:
/// whoever writes prepares the new object outside the lock, and under it only a reference and a number change.
/// </summary>
internal sealed class Store(int historyLimit)
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, Shelf> shelves = new(StringComparer.Ordinal);
    private long version = 1;

    /// <summary>Called with every change, in order and under the lock: it must be quick and must not write.</summary>
    public event Action<string, Change>? Changed;

    public StoredObject? Get(string resource, string key) => For(resource).Objects.GetValueOrDefault(key);

    public Snapshot Read(string resource)
    {
        var shelf = For(resource);
        lock (gate)
            return new Snapshot(version, shelf.Objects);
    }

    /// <summary>Stores a new object; null when there is one of this key.</summary>
    public StoredObject? Create(string resource, string key, JsonObject json) => Write(resource, key, null, json, ChangeKind.Added);

    /// <summary>Stores the next version of an object; null when another writer was faster.</summary>
    public StoredObject? Replace(string resource, StoredObject expected, JsonObject json) =>
        Write(resource, expected.Key, expected, json, ChangeKind.Modified);

    /// <summary>Removes an object, whose last version is given; null when another writer was faster.</summary>
    public StoredObject? Delete(string resource, StoredObject expected, JsonObject last) =>
        Write(resource, expected.Key, expected, last, ChangeKind.Deleted);

    /// <summary>Forgets all history, so that a watch from an older version is answered 410.</summary>
    public void Compact()
    {
        lock (gate)
        {
            foreach (var shelf in shelves.Values)
                shelf.Compact(version);
        }
    }

    public void AddReader(string resource, ChannelWriter<bool> reader)
    {
        var shelf = For(resource);
        lock (gate)
            shelf.AddReader(reader);
    }

    public void RemoveReader(string resource, ChannelWriter<bool> reader)
    {
        var shelf = For(resource);
        lock (gate)
            shelf.RemoveReader(reader);
    }

    /// <summary>Reads the changes after a version and the version up to which that is all; false when some are forgotten.</summary>
    public bool TryReadAfter(string resource, long after, List<Change> into, out long upTo)
    {
        var shelf = For(resource);
        lock (gate)
        {
            upTo = version;
            return shelf.TryReadAfter(after, into);
        }
    }

    private StoredObject? Write(string resource, string key, StoredObject? expected, JsonObject json, ChangeKind kind)
    {
        var shelf = For(resource);
        var metadata = (JsonObject)json["metadata"]!;
        Change change;
        lock (gate)
        {
            if (!ReferenceEquals(shelf.Objects.GetValueOrDefault(key), expected))
                return null;
            var number = ++version;
            metadata["resourceVersion"] = number.ToString(CultureInfo.InvariantCulture);
            change = new Change(kind, new StoredObject(key, json, number), expected);
            shelf.Append(change);
            Changed?.Invoke(resource, change);
        }
        return change.Object;
    }

    private Shelf For(string resource) => shelves.GetOrAdd(resource, _ => new Shelf(historyLimit));
}
