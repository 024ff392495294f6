namespace BeBiDa.EmbeddedApi.Storage;

internal enum ChangeKind
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One write, as watches see it.</summary>
internal sealed record Change(ChangeKind Kind, StoredObject Object, StoredObject? Previous)
{
    public long Version => Object.Version;
}
