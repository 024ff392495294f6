using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BeBiDa.EmbeddedApi.Tests;

/// <summary>An answer: its code and its body.</summary>
public sealed record Answer(int Code, JsonNode? Body, string? RetryAfter = null)
{
    public JsonNode? this[string name] => (Body as JsonObject)?[name];

    public string? Message => this["message"]?.GetValue<string>();

    public string? Reason => this["reason"]?.GetValue<string>();

    public string Uid => Body!["metadata"]!["uid"]!.GetValue<string>();

    public string Version => Body!["metadata"]!["resourceVersion"]!.GetValue<string>();

    public JsonNode? At(params string[] path) => path.Aggregate(Body, (node, step) => (node as JsonObject)?[step]);
}

/// <summary>Plain HTTP to an API server, as one identity.</summary>
public sealed class ApiClient : IDisposable
{
    public const string Json = "application/json";
    public const string ApplyPatch = "application/apply-patch+yaml";
    public const string MergePatch = "application/merge-patch+json";
    public const string StrategicPatch = "application/strategic-merge-patch+json";
    public const string JsonPatch = "application/json-patch+json";

    private readonly HttpClient client;

    public ApiClient(
        IApiServer server,
        string? kubeconfig = null,
        string? token = null,
        string? agent = "tests/1.0",
        Version? version = null
    )
    {
        var authority = X509Certificate2.CreateFromPem(File.ReadAllText(server.CaCertificatePath));
        Handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = false,
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { authority },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        if (kubeconfig is not null)
            Handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(Certificate(kubeconfig), null, offline: true);
        client = new HttpClient(Handler)
        {
            BaseAddress = server.Url,
            DefaultRequestVersion = version ?? HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };
        if (agent is not null)
            client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", agent);
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    public SocketsHttpHandler Handler { get; }

    public HttpClient Http => client;

    public Task<Answer> Get(string path, string? accept = null) => Send(HttpMethod.Get, path, null, null, accept);

    public Task<Answer> Post(string path, string body) => Send(HttpMethod.Post, path, Json, body);

    public Task<Answer> Put(string path, string body) => Send(HttpMethod.Put, path, Json, body);

    public Task<Answer> Delete(string path, string? body = null) => Send(HttpMethod.Delete, path, body is null ? null : Json, body);

    public Task<Answer> Patch(string path, string contentType, string body) => Send(HttpMethod.Patch, path, contentType, body);

    /// <summary>Server-Side Apply.</summary>
    public Task<Answer> Apply(string path, string manager, string body, bool force = false) =>
        Patch(
            $"{path}{(path.Contains('?') ? '&' : '?')}fieldManager={Uri.EscapeDataString(manager)}{(force ? "&force=true" : "")}",
            ApplyPatch,
            body
        );

    public async Task<Answer> Send(HttpMethod method, string path, string? contentType, string? body, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        JsonNode? json;
        try
        {
            json = text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            json = JsonValue.Create(text);
        }
        return new((int)response.StatusCode, json, response.Headers.TryGetValues("Retry-After", out var after) ? after.First() : null);
    }

    /// <summary>Opens a watch; its events come line by line.</summary>
    public async Task<WatchStream> Watch(string path, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path)
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
        };
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new(response);
    }

    public void Dispose() => client.Dispose();

    private static X509Certificate2 Certificate(string kubeconfig)
    {
        var text = File.ReadAllText(kubeconfig);
        string Data(string name) => Encoding.UTF8.GetString(Convert.FromBase64String(Regex.Match(text, name + ": (\\S+)").Groups[1].Value));
        return X509Certificate2.CreateFromPem(Data("client-certificate-data"), Data("client-key-data"));
    }
}

/// <summary>The events of a watch.</summary>
public sealed class WatchStream(HttpResponseMessage response) : IDisposable
{
    private StreamReader? reader;

    public int Code => (int)response.StatusCode;

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<JsonObject?> Next(int seconds = 20)
    {
        reader ??= new(await response.Content.ReadAsStreamAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var line = await reader.ReadLineAsync(limit.Token);
        return line is null ? null : (JsonObject)JsonNode.Parse(line)!;
    }

    /// <summary>The next event as <c>TYPE name</c>.</summary>
    public async Task<string?> NextShort()
    {
        var next = await Next();
        return next is null ? null : $"{next["type"]} {next["object"]?["metadata"]?["name"]}";
    }

    public void Dispose()
    {
        reader?.Dispose();
        response.Dispose();
    }
}
