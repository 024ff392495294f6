using System.Collections.Immutable;
using System.Threading.Channels;

namespace BeBiDa.EmbeddedApi.Storage;

/// <summary>
/// The objects of one resource and the history of their changes: a ring that watches read at their own pace,
/// so that a slow one costs no memory and is told 410 once the ring has passed it.
/// </summary>
internal sealed class Shelf(int historyLimit)
{
    private readonly Change[] ring = new Change[historyLimit];
    private readonly List<ChannelWriter<bool>> readers = [];
    private long first;
    private long next;

    public ImmutableSortedDictionary<string, StoredObject> Objects { get; private set; } =
        ImmutableSortedDictionary.Create<string, StoredObject>(StringComparer.Ordinal);

    /// <summary>The newest version whose successors may no longer all be in the ring.</summary>
    public long ForgottenUpTo { get; private set; }

    /// <summary>Stores and remembers a change. The caller holds the store's lock.</summary>
    public void Append(Change change)
    {
        Objects = change.Kind == ChangeKind.Deleted ? Objects.Remove(change.Object.Key) : Objects.SetItem(change.Object.Key, change.Object);
        var slot = (int)(next % ring.Length);
        if (next - first == ring.Length)
        {
            ForgottenUpTo = ring[slot].Version;
            first++;
        }
        ring[slot] = change;
        next++;
        foreach (var reader in readers)
            reader.TryWrite(true);
    }

    /// <summary>Forgets the history. The caller holds the store's lock.</summary>
    public void Compact(long version)
    {
        first = next;
        ForgottenUpTo = version;
    }

    public void AddReader(ChannelWriter<bool> reader) => readers.Add(reader);

    public void RemoveReader(ChannelWriter<bool> reader) => readers.Remove(reader);

    /// <summary>The changes after a version, oldest first; null when some of them are forgotten. The caller holds the store's lock.</summary>
    public bool TryReadAfter(long version, List<Change> into)
    {
        if (version < ForgottenUpTo)
            return false;
        var low = first;
        var high = next;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (ring[(int)(middle % ring.Length)].Version <= version)
                low = middle + 1;
            else
                high = middle;
        }
        for (var i = low; i < next; i++)
            into.Add(ring[(int)(i % ring.Length)]);
        return true;
    }
}
