using System.Collections.Concurrent;
using BeBiDa.EmbeddedApi;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

/// <summary>One API server of each kind, started when the first test asks for it.</summary>
[SetUpFixture]
public sealed class Servers
{
    private static readonly ConcurrentDictionary<ApiServerKind, Lazy<Task<IApiServer>>> s_started = new();

    public static IEnumerable<ApiServerKind> All => TestServers.All;

    public static Task<IApiServer> StartedAsync(ApiServerKind kind) =>
        s_started.GetOrAdd(kind, _ => new Lazy<Task<IApiServer>>(() => TestServers.StartAsync(kind))).Value;

    [OneTimeTearDown]
    public async Task StopAllAsync()
    {
        foreach (var server in s_started.Values)
            await (await server.Value).DisposeAsync();
    }
}
