using System.Threading.Channels;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>Empties deleted namespaces and removes them, which kube-controller-manager does in a cluster.</summary>
internal sealed class NamespaceController : IAsyncDisposable
{
    private static readonly IReadOnlyList<ResourceType> Namespaced =
    [
        .. ResourceTypes.All.Where(type => type is { Namespaced: true, CreateOnly: false }),
    ];

    private readonly Channel<string> due = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Store store;
    private readonly Deletion deletion;
    private readonly Task work;

    public NamespaceController(Store store, Deletion deletion)
    {
        this.store = store;
        this.deletion = deletion;
        store.Changed += (resource, change) =>
        {
            if (resource == "namespaces" && change.Kind != ChangeKind.Deleted)
                due.Writer.TryWrite(change.Object.Name);
            else if (change.Kind == ChangeKind.Deleted && change.Object.Namespace is { } space)
                due.Writer.TryWrite(space);
        };
        work = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        due.Writer.TryComplete();
        await work;
    }

    private async Task RunAsync()
    {
        await foreach (var name in due.Reader.ReadAllAsync())
        {
            if (store.Get("namespaces", name) is { } space && space.Metadata["deletionTimestamp"] is not null)
                Empty(space);
        }
    }

    private void Empty(StoredObject space)
    {
        var isEmpty = true;
        foreach (var type in Namespaced)
        {
            foreach (var stored in store.Read(type.Plural).Objects.Values.Where(stored => stored.Namespace == space.Name))
            {
                Delete(type, stored);
                isEmpty &= store.Get(type.Plural, stored.Key) is null;
            }
        }
        if (isEmpty && store.Get("namespaces", space.Key) is { } last && last.Uid == space.Uid)
            store.Delete("namespaces", last, last.Json.Copy());
    }

    private void Delete(ResourceType type, StoredObject stored)
    {
        try
        {
            deletion.Delete(type, stored.Namespace!, stored.Name, new DeleteOptions());
        }
        catch (ApiError error) when (error.Code is 404)
        {
            // Gone meanwhile, which was the aim.
        }
    }
}
