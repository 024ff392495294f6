using BeBiDa.Hollow.Api;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Controllers;

/// <summary>Gives each namespace its default ServiceAccount, without which a real API server accepts no pod.</summary>
public sealed class ServiceAccounts : IAsyncDisposable
{
    private readonly ApiClient _api;
    private readonly Informer<V1Namespace> _namespaces;
    private readonly WorkQueue _work;

    internal ServiceAccounts(ApiClient api, Informer<V1Namespace> namespaces, ILogger log)
    {
        (_api, _namespaces) = (api, namespaces);
        _work = new WorkQueue("service accounts", SyncAsync, log);
        namespaces.Changed += (before, after) =>
        {
            if (before is null && after is not null)
                _work.Add(after.Metadata.Name);
        };
    }

    public void Start() => _work.Start(2);

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancellationToken)
    {
        if (_namespaces.Find(name) is not { Metadata.DeletionTimestamp: null })
            return null;
        try
        {
            await _api.CreateAsync(
                Resources.ServiceAccounts.In(name),
                new V1ServiceAccount
                {
                    ApiVersion = "v1",
                    Kind = "ServiceAccount",
                    Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = name },
                },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsConflict) { }

        return null;
    }
}
