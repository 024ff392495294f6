using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <content>Watches: answers of one JSON object a line, until the server ends them.</content>
internal sealed partial class ApiClient
{
    /// <summary>Follows a watch line by line until the server ends it.</summary>
    /// <exception cref="ClusterException">It could not be opened, broke, or is too old (<see cref="ClusterFault.Expired"/>).</exception>
    /// <param name="kind">What kind of request its opening is; once open, it occupies no slot.</param>
    /// <param name="path">Path and query, relative to the server.</param>
    /// <param name="accept">What the lines should be.</param>
    /// <param name="line">How to read one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<WatchLine<T>> WatchAsync<T>(
        RequestKind kind,
        string path,
        string accept,
        JsonTypeInfo<WatchLine<T>> line,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where T : class
    {
        var connection = connections.Use();
        try
        {
            using var response = await OpenAsync(connection, kind, path, accept, cancellationToken).ConfigureAwait(false);
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using var lines = JsonLines.ReadAsync(body, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                WatchLine<T>? next;
                try
                {
                    if (!await lines.MoveNextAsync().ConfigureAwait(false))
                        yield break;
                    next = Read(lines.Current, path, line);
                }
                catch (Exception e) when (ApiFaults.IsBroken(e))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw faults.Broken(HttpMethod.Get, path, e);
                }
                if (next is not null)
                    yield return next;
            }
        }
        finally
        {
            connection.Release();
        }
    }

    // The wait for a slot counts towards the time-out: until the watch is open, its reader sees nothing.
    private async Task<HttpResponseMessage> OpenAsync(
        ApiConnection connection,
        RequestKind kind,
        string path,
        string accept,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await slots
                .RunAsync(kind, () => RequestAsync(connection, HttpMethod.Get, path, null, accept, either.Token), either.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw faults.NotOpened(path, requestTimeout, e);
        }
        catch (Exception e) when (ApiFaults.IsBroken(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw faults.Broken(HttpMethod.Get, path, e);
        }
    }

    private WatchLine<T>? Read<T>(ReadOnlyMemory<byte> utf8, string path, JsonTypeInfo<WatchLine<T>> line)
        where T : class
    {
        if (JsonSerializer.Deserialize(utf8.Span, ApiJson.Default.WatchLineType) is not { Type: { } type })
            return null;
        if (type != "ERROR")
            return JsonSerializer.Deserialize(utf8.Span, line);
        var status = JsonSerializer.Deserialize(utf8.Span, ApiJson.Default.WatchLineStatusObject)?.Object;
        throw faults.Answer(HttpMethod.Get, path, (HttpStatusCode)(status?.Code ?? 500), status, null);
    }
}
