using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BeBiDa.Cluster;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Kubernetes;

/// <summary>Sends requests to the API server, with the client library's configuration and credentials and our own few types.</summary>
/// <remarks>
/// The library's own client brings thousands of operations and models, which would be most of what slurmctld loads. It also
/// reads whole Nodes and Pods, where a hold needs no answer but "done", and a drain six fields of a pod.
/// All requests share one HTTP/2 connection.
/// </remarks>
internal sealed partial class ApiClient : IDisposable
{
    public const string Metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    public const string MetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    public const string Json = "application/json";

    private readonly ConnectionSource connections;
    private readonly TimeSpan requestTimeout;
    private readonly TimeProvider time;
    private readonly RequestSlots slots;
    private readonly CircuitBreaker breaker;
    private readonly ApiFaults faults;

    /// <summary>Gets ready; nothing is sent yet.</summary>
    public ApiClient(ConnectionSource connections, int maxInFlight, TimeSpan requestTimeout, TimeProvider time, ILogger logger)
    {
        this.connections = connections;
        this.requestTimeout = requestTimeout;
        this.time = time;
        slots = new RequestSlots(maxInFlight);
        breaker = new CircuitBreaker(time, logger);
        faults = new ApiFaults(() => connections.Address, time);
    }

    /// <summary>The API server's address.</summary>
    public Uri Address => connections.Address;

    /// <inheritdoc cref="ApiFaults.AwayFor"/>
    public TimeSpan AwayFor => faults.AwayFor;

    public void Dispose()
    {
        connections.Dispose();
        slots.Dispose();
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
        where T : class => SendAsync(RequestKind.Other, method, path, content, accept, answer, cancellationToken, cancellationToken);

    /// <summary>Patches a Node.</summary>
    /// <param name="path">Path and query, relative to the server.</param>
    /// <param name="content">The patch.</param>
    /// <param name="unsent">Ends it as long as nothing has been sent.</param>
    /// <param name="cancellationToken">Ends what has been sent, on our side.</param>
    public Task<OwnedObject?> WriteNodeAsync(
        string path,
        HttpContent content,
        CancellationToken unsent,
        CancellationToken cancellationToken
    ) =>
        SendAsync(RequestKind.NodeWrite, HttpMethod.Patch, path, content, Metadata, ApiJson.Default.OwnedObject, unsent, cancellationToken);

    /// <summary>Asks for an eviction.</summary>
    public Task EvictAsync(string path, HttpContent content, CancellationToken cancellationToken) =>
        SendAsync<StatusObject>(RequestKind.Eviction, HttpMethod.Post, path, content, Json, null, cancellationToken, cancellationToken);

    /// <summary>Lists pods.</summary>
    public Task<PodObjectList?> ListPodsAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(
            RequestKind.PodList,
            HttpMethod.Get,
            path,
            null,
            Json,
            ApiJson.Default.PodObjectList,
            cancellationToken,
            cancellationToken
        );

    /// <summary>Reads what a kubelet says of its node.</summary>
    public Task<T?> ReadHeartbeatAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellationToken)
        where T : class => SendAsync(RequestKind.Heartbeat, HttpMethod.Get, path, null, Json, answer, cancellationToken, cancellationToken);

    /// <summary>A JSON body.</summary>
    public static HttpContent Body<T>(T value, JsonTypeInfo<T> type, string mediaType = Json)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    private Task<T?> SendAsync<T>(
        RequestKind kind,
        HttpMethod method,
        string path,
        HttpContent? content,
        string accept,
        JsonTypeInfo<T>? answer,
        CancellationToken unsent,
        CancellationToken cancellationToken
    )
        where T : class
    {
        return slots.RunAsync(
            kind,
            // The breaker is asked once there is a slot: requests that waited for theirs would all be sent otherwise.
            () =>
                RequestLimits.Of(kind).StopsInOutage
                    ? breaker.RunAsync(ExchangeAsync, cancellationToken)
                    : ExchangeAsync(cancellationToken),
            unsent
        );

        Task<T?> ExchangeAsync(CancellationToken token) => this.ExchangeAsync(method, path, content, accept, answer, token);
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
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw faults.TimedOut(method, path, requestTimeout, e);
        }
        catch (Exception e) when (ApiFaults.IsBroken(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw faults.Broken(method, path, e);
        }
        finally
        {
            connection.Release();
        }
    }

    // Returns when the headers of a successful answer have arrived.
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
            faults.Answered();
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
            throw faults.Answer(method, path, response.StatusCode, status, response.Headers.RetryAfter?.Delta);
        }
    }
}
