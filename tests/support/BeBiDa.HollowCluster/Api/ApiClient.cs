using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>The verbs of the Kubernetes API over the connections of one <see cref="Kubernetes"/> client.</summary>
public sealed class ApiClient(Kubernetes kubernetes)
{
    private const string Json = "application/json";

    // A server that hangs must not hold a worker for ever; watches end by their own timeoutSeconds.
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(15);

    /// <summary>A client for the current context of a kubeconfig file.</summary>
    public static Kubernetes FromKubeconfig(string path)
    {
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigFile(path);
        configuration.FirstMessageHandlerSetup = handler =>
        {
            handler.EnableMultipleHttp2Connections = true;
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(10);
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
        };
        return new Kubernetes(configuration);
    }

    /// <summary>Reads one object.</summary>
    public Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Get, path, null, Json, cancellationToken);

    /// <summary>Creates an object.</summary>
    public Task<T> CreateAsync<T>(string path, T body, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Post, path, body, Json, cancellationToken);

    /// <summary>Replaces an object.</summary>
    public Task<T> ReplaceAsync<T>(string path, T body, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Put, path, body, Json, cancellationToken);

    /// <summary>Changes an object by a JSON merge patch.</summary>
    public Task<T> MergeAsync<T>(string path, object body, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Patch, path, body, "application/merge-patch+json", cancellationToken);

    /// <summary>Changes an object by a strategic merge patch: conditions are merged by their type.</summary>
    public Task<T> StrategicMergeAsync<T>(string path, object body, CancellationToken cancellationToken) =>
        SendAsync<T>(HttpMethod.Patch, path, body, "application/strategic-merge-patch+json", cancellationToken);

    /// <summary>Deletes an object; one that is gone already, or is another by now, is no error.</summary>
    public async Task DeleteAsync(string path, V1DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync<JsonElement>(HttpMethod.Delete, path, options, Json, cancellationToken);
        }
        catch (ApiException e) when (e.IsGone || (e.IsConflict && options.Preconditions?.Uid is not null)) { }
    }

    internal async IAsyncEnumerable<JsonDocument> WatchAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await OpenAsync(HttpMethod.Get, path, null, Json, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > 0)
                yield return JsonDocument.Parse(line);
        }
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        object? body,
        string contentType,
        CancellationToken cancellationToken
    )
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(s_requestTimeout);
        try
        {
            using var response = await OpenAsync(method, path, body, contentType, deadline.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            return KubernetesJson.Deserialize<T>(stream);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiException(HttpStatusCode.RequestTimeout, $"{method} {path}", "no answer in time");
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(
        HttpMethod method,
        string path,
        object? body,
        string contentType,
        CancellationToken cancellationToken
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(kubernetes.BaseUri, path)) { Version = HttpVersion.Version20 };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
        if (body is not null)
        {
            request.Content = new StringContent(KubernetesJson.Serialize(body), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        if (kubernetes.Credentials is { } credentials)
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);

        var response = await kubernetes.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
            return response;

        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new ApiException(response.StatusCode, $"{method} {path}", MessageOf(text), response.Headers.RetryAfter?.Delta);
        }
    }

    private static string MessageOf(string answer)
    {
        try
        {
            using var status = JsonDocument.Parse(answer);
            return status.RootElement.TryGetProperty("message", out var message) ? message.GetString() ?? answer : answer;
        }
        catch (JsonException)
        {
            return answer;
        }
    }
}
