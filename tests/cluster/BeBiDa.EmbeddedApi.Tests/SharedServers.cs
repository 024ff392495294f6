using System.Collections.Concurrent;
using NUnit.Framework;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>One server of each kind for all fixtures, since a real one takes seconds to start.</summary>
[SetUpFixture]
public sealed class SharedServers
{
    private static readonly ConcurrentDictionary<ApiServerKind, Lazy<Task<IApiServer>>> Servers = new();

    public static Task<IApiServer> Get(ApiServerKind kind) => Servers.GetOrAdd(kind, _ => new(() => TestServers.StartAsync(kind))).Value;

    [OneTimeTearDown]
    public async Task Stop()
    {
        foreach (var server in Servers.Values)
            await (await server.Value).DisposeAsync();
    }
}
