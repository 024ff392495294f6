using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Http;

/// <summary>How many requests of one verb on one resource there were, and their bodies' bytes.</summary>
public sealed record RequestCount(string Verb, string Resource, long Requests, long BytesReceived, long BytesSent);

/// <summary>Counts requests, for benchmarks and for tests that promise few of them.</summary>
internal sealed class Requests
{
    private static readonly object CounterKey = new();

    private readonly ConcurrentDictionary<(string Verb, string Resource), Counter> counters = new();

    private readonly ConcurrentDictionary<string, long> byUser = new(StringComparer.Ordinal);

    public void Begin(HttpContext http, string verb, string resource)
    {
        var counter = counters.GetOrAdd((verb, resource), _ => new());
        Interlocked.Increment(ref counter.Requests);
        Interlocked.Add(ref counter.Received, http.Request.ContentLength ?? 0);
        http.Items[CounterKey] = counter;
    }

    public static void CountSent(HttpContext http, long bytes)
    {
        if (http.Items.TryGetValue(CounterKey, out var counter))
            Interlocked.Add(ref ((Counter)counter!).Sent, bytes);
    }

    public void CountUser(string user) => byUser.AddOrUpdate(user, 1, (_, count) => count + 1);

    public long Of(string user) => byUser.GetValueOrDefault(user);

    public IReadOnlyList<RequestCount> Read() =>
        [
            .. counters
                .Select(pair => new RequestCount(
                    pair.Key.Verb,
                    pair.Key.Resource,
                    Interlocked.Read(ref pair.Value.Requests),
                    Interlocked.Read(ref pair.Value.Received),
                    Interlocked.Read(ref pair.Value.Sent)
                ))
                .OrderBy(count => count.Resource, StringComparer.Ordinal)
                .ThenBy(count => count.Verb, StringComparer.Ordinal),
        ];

    public void Reset()
    {
        counters.Clear();
        byUser.Clear();
    }

    private sealed class Counter
    {
        public long Requests;
        public long Received;
        public long Sent;
    }
}
