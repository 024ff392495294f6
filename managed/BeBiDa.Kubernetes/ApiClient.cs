using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>Sends requests to the API server: the client library's configuration and credentials, our own few types.</summary>
/// <remarks>
/// The library's client brings thousands of operations and models, which would be most of what slurmctld loads; and it
/// reads whole Nodes and Pods, where a hold needs no answer but "done", and a drain six fields of a pod.
/// Requests share one HTTP/2 connection, and only so many are under way at once.
/// </remarks>
internal sealed class ApiClient : IDisposable
{
    public const string Metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    public const string MetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    public const string Json = "application/json";

    private readonly ConnectionSource connections;
    private readonly TimeSpan requestTimeout;
    private readonly SemaphoreSlim inFlight,
        evictions,
        nodeWrites,
        podLists,
        openings;
    private readonly TimeProvider time;
    private readonly Circuit circuit;
    private long awaySince;

    /// <summary>Gets ready; nothing is sent yet.</summary>
    public ApiClient(ConnectionSource connections, int maxInFlight, TimeSpan requestTimeout, TimeProvider time, ILogger logger)
    {
        this.connections = connections;
        this.requestTimeout = requestTimeout;
        this.time = time;
        inFlight = new SemaphoreSlim(maxInFlight);
        evictions = new SemaphoreSlim(Math.Max(1, maxInFlight * 7 / 8));
        nodeWrites = new SemaphoreSlim(Math.Max(1, maxInFlight / 4));
        podLists = new SemaphoreSlim(Math.Max(1, maxInFlight / 2));
        openings = new SemaphoreSlim(Math.Max(1, maxInFlight / 4));
        circuit = new Circuit(time, logger);
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => connections.Address;

    /// <summary>For how long every request has failed because the server could not be reached, was broken or knew us not; zero when the last one did not.</summary>
    public TimeSpan AwayFor => Interlocked.Read(ref awaySince) is var since and not 0 ? time.GetElapsedTime(since) : TimeSpan.Zero;

    public void Dispose()
    {
        connections.Dispose();
        inFlight.Dispose();
        evictions.Dispose();
        nodeWrites.Dispose();
        podLists.Dispose();
        openings.Dispose();
    }

    /// <summary>Sends one request and reads its whole answer.</summary>
    /// <param name="method">GET, POST, PATCH or DELETE.</param>
    /// <param name="path">Path and query, relative to the server.</param>
    /// <param name="content">The body; null without one.</param>
    /// <param name="accept">What the answer should be.</param>
    /// <param name="answer">How to read it; null to throw it away unread.</param>
    /// <param name="cancellationToken">Ends the request on our side.</param>
    /// <exception cref="ClusterException">It was not answered with success.</exception>
    public Task<T?> SendAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        JsonTypeInfo<T>? answer,
        CancellationToken cancellationToken
    )
        where T : class => InFlightAsync(() => ExchangeAsync(method, path, content, accept, answer, cancellationToken), cancellationToken);

    /// <summary>As <see cref="SendAsync"/>, but not while the server is to be spared: for what every hand-over begins with.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public Task<T?> SendSparinglyAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        JsonTypeInfo<T>? answer,
        CancellationToken cancellationToken
    )
        where T : class => SparinglyAsync(method, path, content, accept, answer, cancellationToken, cancellationToken);

    /// <summary>As <see cref="SendSparinglyAsync"/>, for a write to a Node. These keep an API server's processors busy, where an eviction waits: more of them at once end no sooner, and keep other clients waiting.</summary>
    /// <param name="path">As for <see cref="SendAsync"/>.</param>
    /// <param name="content">The body.</param>
    /// <param name="unsent">Ends it as long as nothing has been sent.</param>
    /// <param name="cancellationToken">Ends what has been sent, on our side.</param>
    public async Task<OwnedObject?> WriteNodeAsync(
        string path,
        HttpContent content,
        CancellationToken unsent,
        CancellationToken cancellationToken
    )
    {
        await nodeWrites.WaitAsync(unsent).ConfigureAwait(false);
        try
        {
            return await SparinglyAsync(HttpMethod.Patch, path, content, Metadata, ApiJson.Default.OwnedObject, unsent, cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            nodeWrites.Release();
        }
    }

    /// <summary>The same for an eviction. These can hang, in webhooks of whoever owns the pods; so some room is always left for the rest.</summary>
    public async Task EvictAsync(string path, HttpContent content, CancellationToken cancellationToken)
    {
        await evictions.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendAsync<StatusObject>(HttpMethod.Post, path, content, Json, null, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            evictions.Release();
        }
    }

    /// <summary>As <see cref="SendSparinglyAsync"/>, for a list of pods: a job asks for one of each of its nodes, and those of many jobs must not keep other jobs' holds waiting.</summary>
    public Task<PodObjectList?> ListPodsAsync(string path, CancellationToken cancellationToken) =>
        WithinAsync(
            podLists,
            () => SendSparinglyAsync(HttpMethod.Get, path, null, Json, ApiJson.Default.PodObjectList, cancellationToken),
            cancellationToken
        );

    /// <summary>Follows a watch line by line until the server ends it. Until it is open, it is a request like any other.</summary>
    /// <exception cref="ClusterException">It could not be opened, broke, or is too old (<see cref="ClusterFault.Expired"/>).</exception>
    /// <param name="path">Path and query, relative to the server.</param>
    /// <param name="accept">What the lines should be.</param>
    /// <param name="line">How to read one.</param>
    /// <param name="ofMany">Whether there may be hundreds like it: those have a quarter of the requests, so that what they wait for keeps nothing else waiting.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<WatchLine<T>> WatchAsync<T>(
        string path,
        string accept,
        JsonTypeInfo<WatchLine<T>> line,
        bool ofMany,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where T : class
    {
        var connection = connections.Use();
        try
        {
            await foreach (var next in WatchAsync(connection, path, accept, line, ofMany, cancellationToken).ConfigureAwait(false))
                yield return next;
        }
        finally
        {
            connection.Release();
        }
    }

    private Task<T?> SparinglyAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        JsonTypeInfo<T>? answer,
        CancellationToken unsent,
        CancellationToken cancellationToken
    )
        where T : class =>
        // Asked when it is this request's turn: those that waited for theirs would all be sent otherwise.
        InFlightAsync(
            () => circuit.RunAsync(sent => ExchangeAsync(method, path, content, accept, answer, sent), cancellationToken),
            unsent
        );

    private Task<T> InFlightAsync<T>(Func<Task<T>> request, CancellationToken unsent) => WithinAsync(inFlight, request, unsent);

    private static async Task<T> WithinAsync<T>(SemaphoreSlim share, Func<Task<T>> request, CancellationToken unsent)
    {
        await share.WaitAsync(unsent).ConfigureAwait(false);
        try
        {
            return await request().ConfigureAwait(false);
        }
        finally
        {
            share.Release();
        }
    }

    private async Task<T?> ExchangeAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        JsonTypeInfo<T>? answer,
        CancellationToken cancellationToken
    )
        where T : class
    {
        using var limit = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var connection = connections.Use();
        try
        {
            using var response = await RequestAsync(connection, method, path, content, accept, either.Token).ConfigureAwait(false);
            await using var body = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            if (answer is not null)
                return await JsonSerializer.DeserializeAsync(body, answer, either.Token).ConfigureAwait(false);
            await body.CopyToAsync(Stream.Null, either.Token).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw Noted(
                new ClusterException(
                    ClusterFault.Unavailable,
                    $"{method} {PathOnly(path)}: no answer from {Address} within {Duration.Format(requestTimeout)}",
                    null,
                    e
                )
            );
        }
        catch (Exception e) when (IsBroken(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken(method, path, e);
        }
        finally
        {
            connection.Release();
        }
    }

    private async IAsyncEnumerable<WatchLine<T>> WatchAsync<T>(
        ApiConnection connection,
        string path,
        string accept,
        JsonTypeInfo<WatchLine<T>> line,
        bool ofMany,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where T : class
    {
        var response = await OpenAsync(connection, path, accept, ofMany, cancellationToken).ConfigureAwait(false);
        using (response)
        {
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
                catch (Exception e) when (IsBroken(e))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw Broken(HttpMethod.Get, path, e);
                }
                if (next is not null)
                    yield return next;
            }
        }
    }

    // Watches whose server lets them hang (a proxy that keeps answers back) have a share, so that some room is left for the
    // rest; and the wait for it is part of the time-out, since who waits for a watch sees nothing meanwhile.
    private async Task<HttpResponseMessage> OpenAsync(
        ApiConnection connection,
        string path,
        string accept,
        bool ofMany,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await (ofMany ? WithinAsync(openings, SendAsync, either.Token) : SendAsync()).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new ClusterException(
                ClusterFault.Unavailable,
                $"watch of {PathOnly(path)}: not open at {Address} within {Duration.Format(requestTimeout)}",
                null,
                e
            );
        }
        catch (Exception e) when (IsBroken(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken(HttpMethod.Get, path, e);
        }

        Task<HttpResponseMessage> SendAsync() =>
            InFlightAsync(() => RequestAsync(connection, HttpMethod.Get, path, null, accept, either.Token), either.Token);
    }

    /// <summary>A JSON body.</summary>
    public static HttpContent Body<T>(T value, JsonTypeInfo<T> type, string mediaType = Json)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    private WatchLine<T>? Read<T>(ReadOnlyMemory<byte> utf8, string path, JsonTypeInfo<WatchLine<T>> line)
        where T : class
    {
        if (JsonSerializer.Deserialize(utf8.Span, ApiJson.Default.WatchLineType) is not { Type: { } type })
            return null;
        if (type != "ERROR")
            return JsonSerializer.Deserialize(utf8.Span, line);
        var status = JsonSerializer.Deserialize(utf8.Span, ApiJson.Default.WatchLineStatusObject)?.Object;
        throw Fault(HttpMethod.Get, path, (HttpStatusCode)(status?.Code ?? 500), status, null);
    }

    private async Task<HttpResponseMessage> RequestAsync(
        ApiConnection connection,
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        CancellationToken cancellationToken
    )
    {
        var request = new HttpRequestMessage(method, new Uri(connection.Address, path))
        {
            Content = content,
            Version = HttpVersion.Version20,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            Interlocked.Exchange(ref awaySince, 0);
            return response;
        }
        using (response)
        {
            StatusObject? status = null;
            try
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                status = await JsonSerializer.DeserializeAsync(body, ApiJson.Default.StatusObject, cancellationToken).ConfigureAwait(false);
            }
            catch (JsonException)
            {
                // A proxy in between answers with HTML; the code says enough.
            }
            throw Fault(method, path, response.StatusCode, status, response.Headers.RetryAfter?.Delta);
        }
    }

    private ClusterException Fault(HttpMethod method, string path, HttpStatusCode code, StatusObject? status, TimeSpan? retryAfter)
    {
        var fault = code switch
        {
            HttpStatusCode.Conflict => ClusterFault.Conflict,
            // An apply to an object that has another uid by now is taken for an attempt to change its uid.
            HttpStatusCode.UnprocessableEntity when status?.Details?.Causes?.Any(c => c?.Field == "metadata.uid") == true =>
                ClusterFault.Conflict,
            // Only where the answer names the object: a webhook may deny with any code, and a proxy knows no objects at all.
            HttpStatusCode.NotFound
                when status?.Details?.Name is { Length: > 0 } name && path.Contains($"/{name}", StringComparison.Ordinal) =>
                ClusterFault.NotFound,
            HttpStatusCode.Forbidden when status?.Details?.Causes?.Any(c => c?.Reason == "NamespaceTerminating") == true =>
                ClusterFault.NamespaceTerminating,
            HttpStatusCode.Forbidden => ClusterFault.Forbidden,
            HttpStatusCode.Gone => ClusterFault.Expired,
            HttpStatusCode.Unauthorized => ClusterFault.Unauthenticated,
            HttpStatusCode.TooManyRequests when status?.Details?.Causes?.Any(c => c?.Reason == "DisruptionBudget") == true =>
                ClusterFault.Blocked,
            HttpStatusCode.TooManyRequests => ClusterFault.Throttled,
            >= HttpStatusCode.InternalServerError => ClusterFault.Unavailable,
            _ => ClusterFault.Refused,
        };
        if (status?.Details?.RetryAfterSeconds is > 0 and var seconds)
            retryAfter = TimeSpan.FromSeconds(seconds);
        // The server says no more than "Unauthorized".
        var hint =
            fault == ClusterFault.Unauthenticated
                ? $" ({Address} does not accept the kubeconfig's certificate or token: expired, revoked, or of another cluster?)"
                : "";
        return Noted(
            new ClusterException(
                fault,
                $"{method} {PathOnly(path)}: {(int)code} {status?.Reason ?? code.ToString()}: {status?.Message ?? "no message"}{hint}",
                retryAfter
            )
        );
    }

    private ClusterException Broken(HttpMethod method, string path, Exception e)
    {
        var cause = e;
        while (cause.InnerException is { } inner)
            cause = inner;
        return Noted(
            new ClusterException(
                ClusterFault.Unavailable,
                $"{method} {PathOnly(path)}: {Address} cannot be reached: {cause.Message}",
                null,
                e
            )
        );
    }

    private ClusterException Noted(ClusterException failure)
    {
        if (failure.Fault is ClusterFault.Unavailable or ClusterFault.Unauthenticated)
            Interlocked.CompareExchange(ref awaySince, time.GetTimestamp(), 0);
        else
            Interlocked.Exchange(ref awaySince, 0);
        return failure;
    }

    // SocketException: .NET's own, and bare, where the peer ends a connection in the moment in which it has been made.
    // FormatException: a credential that no header can hold, such as a token with a line break; the kubeconfig may be put right.
    private static bool IsBroken(Exception e) =>
        e
            is HttpRequestException
                or SocketException
                or IOException
                or HttpProtocolException
                or OperationCanceledException
                or JsonException
                or UnauthorizedAccessException
                or FormatException;

    private static string PathOnly(string path) => path.IndexOf('?', StringComparison.Ordinal) is var query and >= 0 ? path[..query] : path;
}
