using BeBiDa.Hollow.Api;
using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Controllers;

/// <summary>
/// The pods of a controller's objects as they will be once the watch has caught up: a pod just created counts, one
/// just deleted does not.
/// </summary>
internal sealed class PodOwner
{
    // Only for a pod that came and went without the watch telling; every other is struck off when it is seen.
    private static readonly TimeSpan s_oldest = TimeSpan.FromSeconds(30);

    private readonly ApiClient _api;
    private readonly string _apiVersion;
    private readonly string _kind;
    private readonly Index<V1Pod> _byOwner;
    private readonly Dictionary<string, (V1Pod Pod, DateTime When)> _created = [];
    private readonly Dictionary<string, DateTime> _deleted = [];
    private readonly Lock _lock = new();

    public PodOwner(ApiClient api, Informer<V1Pod> pods, string apiVersion, string kind, Action<string> wake)
    {
        (_api, _apiVersion, _kind) = (api, apiVersion, kind);
        _byOwner = new Index<V1Pod>(pods, pod => pod.Controller() is { } owner && owner.Kind == kind ? owner.Uid : null);
        pods.Changed += (before, after) =>
        {
            var pod = after ?? before!;
            if (pod.Controller() is not { } owner || owner.Kind != kind)
                return;
            lock (_lock)
            {
                _created.Remove(pod.Metadata.Uid);
                if (after is null)
                    _deleted.Remove(pod.Metadata.Uid);
            }

            wake(Informer<V1Pod>.KeyOf(pod.Metadata.NamespaceProperty, owner.Name));
        };
    }

    /// <summary>All pods of the owner, those on their way out included.</summary>
    public IReadOnlyList<V1Pod> Of(IKubernetesObject<V1ObjectMeta> owner)
    {
        var seen = _byOwner[owner.Metadata.Uid];
        lock (_lock)
        {
            foreach (var pod in seen)
                _created.Remove(pod.Metadata.Uid);
            foreach (var uid in _created.Where(entry => IsOld(entry.Value.When)).Select(entry => entry.Key).ToList())
                _created.Remove(uid);
            var unseen = _created.Values.Select(entry => entry.Pod).Where(pod => pod.Controller()!.Uid == owner.Metadata.Uid);
            return [.. seen, .. unseen];
        }
    }

    public bool IsLeaving(V1Pod pod)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
            return true;
        lock (_lock)
            return _deleted.TryGetValue(pod.Metadata.Uid, out var when) && !IsOld(when);
    }

    public async Task CreateAsync(
        IKubernetesObject<V1ObjectMeta> owner,
        V1PodTemplateSpec template,
        Func<V1PodSpec, V1PodSpec>? change,
        CancellationToken cancellationToken
    )
    {
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = $"{owner.Metadata.Name}-{Suffix()}",
                GenerateName = $"{owner.Metadata.Name}-",
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = template.Metadata?.Annotations,
                OwnerReferences = [owner.AsController(_apiVersion, _kind)],
            },
            Spec = change is null ? template.Spec : change(template.Spec),
        };
        var created = await _api.CreateAsync(Resources.Pods.In(owner.Metadata.NamespaceProperty), pod, cancellationToken);
        lock (_lock)
            _created[created.Metadata.Uid] = (created, DateTime.UtcNow);
    }

    public async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        await _api.DeleteAsync(
            Resources.Pods.Of(pod),
            new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } },
            cancellationToken
        );
        lock (_lock)
            _deleted[pod.Metadata.Uid] = DateTime.UtcNow;
    }

    private static bool IsOld(DateTime when) => DateTime.UtcNow - when > s_oldest;

    private static string Suffix() => Random.Shared.GetString("bcdfghjklmnpqrstvwxz2456789", 5);
}
