using System.Collections.Immutable;

namespace BeBiDa.EmbeddedApi.Storage;

/// <summary>All objects of one resource as they were at one resource version, in the order of their keys.</summary>
internal sealed record Snapshot(long Version, ImmutableSortedDictionary<string, StoredObject> Objects);
