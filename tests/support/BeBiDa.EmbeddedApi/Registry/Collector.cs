using System.Threading.Channels;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Pods;
using BeBiDa.EmbeddedApi.Storage;

namespace BeBiDa.EmbeddedApi.Registry;

/// <summary>
/// What kube-controller-manager would do in the background and no test can do without: the dependents of deleted
/// owners go, deleted namespaces are emptied, and disruption budgets are counted.
/// </summary>
internal sealed class Collector : IAsyncDisposable
{
    private static readonly IReadOnlyList<ResourceType> Namespaced =
    [
        .. ResourceTypes.All.Where(type => type is { Namespaced: true, CreateOnly: false }),
    ];

    private readonly Channel<(string Resource, Change Change)> changes = Channel.CreateUnbounded<(string, Change)>(
        new UnboundedChannelOptions { SingleReader = true }
    );
    private readonly ObjectRegistry registry;
    private readonly Deletion deletion;
    private readonly OwnerIndex owners;
    private readonly bool countsBudgets;
    private readonly Task work;

    public Collector(ObjectRegistry registry, Deletion deletion, OwnerIndex owners, bool countsBudgets)
    {
        this.registry = registry;
        this.deletion = deletion;
        this.owners = owners;
        this.countsBudgets = countsBudgets;
        registry.Store.Changed += (resource, change) => changes.Writer.TryWrite((resource, change));
        work = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        changes.Writer.TryComplete();
        await work;
    }

    private async Task RunAsync()
    {
        var budgetsDue = new HashSet<string>();
        while (await changes.Reader.WaitToReadAsync())
        {
            // Budgets are counted once for all that came together.
            while (changes.Reader.TryRead(out var next))
            {
                Follow(next.Resource, next.Change);
                if (countsBudgets && next.Resource is "pods" or "poddisruptionbudgets" or "replicasets")
                    budgetsDue.Add(next.Change.Object.Namespace!);
            }
            foreach (var space in budgetsDue)
                CountBudgets(space);
            budgetsDue.Clear();
        }
    }

    private void Follow(string resource, Change change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            foreach (var (type, key) in owners.DependentsOf(change.Object.Uid))
                Delete(type, key);
            foreach (var uid in OwnerIndex.Owners(change.Object))
                ReleaseOwner(change.Object, uid);
        }
        else if (OwnerIndex.Owners(change.Object) is { Count: > 0 })
        {
            if (change.Kind == ChangeKind.Added)
                DeleteIfOrphaned(resource, change.Object);
        }
        if (
            change.Kind != ChangeKind.Deleted
            && change.Object.Metadata["finalizers"] is not null
            && change.Object.Metadata["deletionTimestamp"] is not null
        )
        {
            foreach (var (type, key) in owners.DependentsOf(change.Object.Uid))
                Delete(type, key);
        }
        if (resource == "namespaces" && change.Kind != ChangeKind.Deleted && change.Object.Metadata["deletionTimestamp"] is not null)
            Empty(change.Object);
        else if (
            change.Kind == ChangeKind.Deleted
            && change.Object.Namespace is { } space
            && registry.Store.Get("namespaces", space) is { } left
            && left.Metadata["deletionTimestamp"] is not null
        )
            Empty(left);
    }

    private void Empty(StoredObject space)
    {
        var left = 0;
        foreach (var type in Namespaced)
        {
            foreach (var stored in registry.Store.Read(type.Plural).Objects.Values.Where(stored => stored.Namespace == space.Name))
            {
                Delete(type, stored.Key);
                if (registry.Store.Get(type.Plural, stored.Key) is not null)
                    left++;
            }
        }
        if (left == 0 && registry.Store.Get("namespaces", space.Key) is { } last && last.Uid == space.Uid)
            registry.Store.Delete("namespaces", last, last.Json.Copy());
    }

    // An object whose owner was deleted just before it was made would never go.
    private void DeleteIfOrphaned(string resource, StoredObject stored)
    {
        var alive = (stored.Metadata.Array("ownerReferences") ?? []).Any(reference =>
        {
            var type = ResourceTypes.All.FirstOrDefault(one =>
                one.Kind == reference.At("kind").Text() && one.ApiVersion == reference.At("apiVersion").Text()
            );
            if (type is null)
                return true;
            var owner = registry.Store.Get(
                type.Plural,
                ObjectRegistry.Key(type, stored.Namespace ?? "", reference.At("name").Text() ?? "")
            );
            return owner is not null && owner.Uid == reference.At("uid").Text();
        });
        if (!alive && ResourceTypes.All.FirstOrDefault(type => type.Plural == resource) is { } own)
            Delete(own, stored.Key);
    }

    private void ReleaseOwner(StoredObject dependent, string uid)
    {
        if (owners.HasDependents(uid))
            return;
        foreach (var reference in dependent.Metadata.Array("ownerReferences") ?? [])
        {
            var type = ResourceTypes.All.FirstOrDefault(one =>
                one.Kind == reference.At("kind").Text() && one.ApiVersion == reference.At("apiVersion").Text()
            );
            if (
                type is null
                || registry.Store.Get(type.Plural, ObjectRegistry.Key(type, dependent.Namespace ?? "", reference.At("name").Text() ?? ""))
                    is not { } owner
            )
                continue;
            if (
                owner.Uid != uid
                || owner.Metadata.Array("finalizers")?.Any(finalizer => finalizer.Text() == Deletion.ForegroundFinalizer) is not true
            )
                continue;
            Quietly(() =>
                registry.Update(
                    type,
                    owner.Namespace ?? "",
                    owner.Name,
                    "",
                    WriteOptions.Server,
                    current =>
                    {
                        var next = current.Json.Copy();
                        var finalizers = next.Make("metadata").Array("finalizers") ?? [];
                        foreach (var finalizer in finalizers.Where(finalizer => finalizer.Text() == Deletion.ForegroundFinalizer).ToList())
                            finalizers.Remove(finalizer);
                        return next;
                    }
                )
            );
        }
    }

    private void CountBudgets(string space)
    {
        foreach (var budget in registry.Store.Read("poddisruptionbudgets").Objects.Values.Where(budget => budget.Namespace == space))
        {
            Quietly(() =>
                registry.Update(
                    ResourceTypes.DisruptionBudgets,
                    space,
                    budget.Name,
                    "status",
                    new("kube-controller-manager"),
                    current =>
                    {
                        var next = current.Json.Copy();
                        next["status"] = DisruptionBudget.Count(registry.Store, current).ToStatus(current);
                        return next;
                    }
                )
            );
        }
    }

    private void Delete(ResourceType type, string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        Quietly(() => deletion.Delete(type, slash < 0 ? "" : key[..slash], key[(slash + 1)..], new DeleteOptions()));
    }

    private static void Quietly(Action action)
    {
        try
        {
            action();
        }
        catch (ApiError error) when (error.Code is 404 or 409)
        {
            // Gone meanwhile, which was the aim.
        }
    }
}
