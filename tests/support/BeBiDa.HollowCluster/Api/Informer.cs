using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Api;

/// <summary>
/// A copy of all objects of one kind, filled by a list and kept by a watch
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
/// </summary>
public sealed class Informer<T> : IAsyncDisposable
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const int PageSize = 500;

    private readonly ApiClient _api;
    private readonly Resource<T> _resource;
    private readonly string? _fieldSelector;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, T> _objects = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task? _run;

    public Informer(ApiClient api, Resource<T> resource, ILogger log, string? fieldSelector = null) =>
        (_api, _resource, _log, _fieldSelector) = (api, resource, log, fieldSelector);

    /// <summary>An object appeared (no before), changed, or is gone (no after). Called on the informer's own task.</summary>
    public event Action<T?, T?>? Changed;

    /// <summary>Completes when the first list is in.</summary>
    public Task Synced => _synced.Task;

    public IEnumerable<T> Objects => _objects.Values;

    public T? Find(string key) => _objects.GetValueOrDefault(key);

    public T? Find(string? ns, string name) => Find(KeyOf(ns, name));

    public static string KeyOf(T obj) => KeyOf(obj.Metadata.NamespaceProperty, obj.Metadata.Name);

    public static string KeyOf(string? ns, string name) => string.IsNullOrEmpty(ns) ? name : $"{ns}/{name}";

    /// <summary>Starts listing and watching; a second call changes nothing.</summary>
    public void Start() => _run ??= Task.Run(() => RunAsync(_stop.Token));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_run is not null)
            await _run;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        string? version = null;
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                version ??= await ListAsync(cancellationToken);
                _synced.TrySetResult();
                await foreach (var seen in WatchAsync(version, cancellationToken))
                {
                    version = seen;
                    failures = 0;
                }

                // A watch ends in peace after its timeoutSeconds; one that ends at once would make a busy loop.
                await Task.Delay(Backoff.After(1), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
            catch (Exception e)
            {
                failures++;
                // 410: the server no longer has the history. After a second failure the history is not trusted either:
                // behind the same address there may be another server.
                if (failures > 1 || e is ApiException { Code: System.Net.HttpStatusCode.Gone })
                    version = null;
                _log.LogDebug("{Resource}: watch lost ({Cause}), attempt {Failures}", _resource.Plural, e.Message, failures);
                await Task.Delay(Backoff.After(failures, e), cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, T>();
        string? next = null;
        string version;
        do
        {
            var path = $"{_resource.All}?limit={PageSize}{Selector}";
            if (next is not null)
                path += $"&continue={Uri.EscapeDataString(next)}";
            var page = await _api.GetAsync<Page>(path, cancellationToken);
            foreach (var obj in page.Items ?? [])
                found[KeyOf(obj)] = obj;
            (next, version) = (page.Metadata.ContinueProperty, page.Metadata.ResourceVersion);
        } while (!string.IsNullOrEmpty(next));

        foreach (var key in _objects.Keys.Where(key => !found.ContainsKey(key)).ToList())
            Remove(key);
        foreach (var obj in found.Values)
            Put(obj);
        return version;
    }

    private async IAsyncEnumerable<string> WatchAsync(
        string version,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var timeout = Random.Shared.Next(300, 600);
        var path = $"{_resource.All}?watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={timeout}{Selector}";
        await foreach (var line in _api.WatchAsync(path, cancellationToken))
        {
            using var _ = line;
            var type = line.RootElement.GetProperty("type").GetString();
            var body = line.RootElement.GetProperty("object");
            if (type == "ERROR")
            {
                var status = KubernetesJson.Deserialize<V1Status>(body);
                throw new ApiException((System.Net.HttpStatusCode)(status.Code ?? 500), path, status.Message);
            }

            if (type == "BOOKMARK")
            {
                yield return body.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
                continue;
            }

            var obj = KubernetesJson.Deserialize<T>(body);
            if (type == "DELETED")
                Remove(KeyOf(obj));
            else
                Put(obj);
            yield return obj.Metadata.ResourceVersion;
        }
    }

    private void Put(T obj)
    {
        // Half of an object's size, and none of these clients reads it.
        obj.Metadata.ManagedFields = null;
        var before = Find(KeyOf(obj));
        if (
            before is not null
            && before.Metadata.Uid == obj.Metadata.Uid
            && before.Metadata.ResourceVersion == obj.Metadata.ResourceVersion
        )
            return;
        if (before is not null && before.Metadata.Uid != obj.Metadata.Uid)
        {
            Remove(KeyOf(obj));
            before = null;
        }

        _objects[KeyOf(obj)] = obj;
        Tell(before, obj);
    }

    private void Remove(string key)
    {
        if (_objects.TryRemove(key, out var before))
            Tell(before, null);
    }

    private void Tell(T? before, T? after)
    {
        try
        {
            Changed?.Invoke(before, after);
        }
        catch (Exception e)
        {
            // One listener's defect must not end the watch that all others live on.
            _log.LogError(e, "{Resource}: a listener failed", _resource.Plural);
        }
    }

    private string Selector => _fieldSelector is null ? "" : $"&fieldSelector={Uri.EscapeDataString(_fieldSelector)}";

    private sealed class Page
    {
        [JsonPropertyName("metadata")]
        public V1ListMeta Metadata { get; set; } = new();

        [JsonPropertyName("items")]
        public List<T>? Items { get; set; }
    }
}
