using System.Collections.Concurrent;
using BeBiDa.EmbeddedApi;

// Each test has nodes and a namespace of its own, and mostly waits.
[assembly: Parallelizable(ParallelScope.All)]
[assembly: LevelOfParallelism(4)]

namespace BeBiDa.Tests;

/// <summary>One API server of each kind for all fixtures that do it no harm, since a real one takes seconds to start.</summary>
[SetUpFixture]
public sealed class Servers
{
    private static readonly ConcurrentDictionary<ApiServerKind, Lazy<Task<IApiServer>>> Started = new();

    public static Task<IApiServer> GetAsync(ApiServerKind kind) =>
        Started.GetOrAdd(kind, _ => new(() => TestServers.StartAsync(kind))).Value;

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var server in Started.Values)
            await (await server.Value).DisposeAsync();
    }
}
