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
        s_started.GetOrAdd(kind, _ => new Lazy<Task<IApiServer>>(() => StartAsync(kind))).Value;

    [OneTimeTearDown]
    public async Task StopAllAsync()
    {
        foreach (var server in s_started.Values)
            await (await server.Value).DisposeAsync();
    }

    // The budgets are for our own disruption controller to count.
    private static async Task<IApiServer> StartAsync(ApiServerKind kind) =>
        kind == ApiServerKind.Embedded
            ? await EmbeddedApiServer.StartAsync(new EmbeddedApiOptions { ComputeDisruptionBudgets = false })
            : await TestServers.StartAsync(kind);
}
