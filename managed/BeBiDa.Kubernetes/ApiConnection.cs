using System.Diagnostics.CodeAnalysis;
using k8s;
using k8s.Authentication;

namespace BeBiDa.Kubernetes;

/// <summary>The API server's address, our credentials and the connections, as the kubeconfig was when it was read.</summary>
/// <remarks>Reference-counted: closed when its maker and all its users have released it.</remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "The last of its users disposes of what it has.")]
internal sealed class ApiConnection
{
    private readonly HttpClient http;
    private readonly ServiceClientCredentials? credentials;
    private readonly string? hostHeader;
    private int users = 1;

    /// <summary>Gets ready; nothing is sent yet.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The client certificate or its key cannot be read.</exception>
    public ApiConnection(KubernetesClientConfiguration configuration, TimeSpan connectTimeout)
    {
        // Without user and password, which .NET would not send: the address is logged.
        Address = new UriBuilder(configuration.Host.EndsWith('/') ? configuration.Host : configuration.Host + "/")
        {
            UserName = "",
            Password = "",
        }.Uri;
        http = new HttpClient(Connection.Handler(configuration, connectTimeout)) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", configuration.UserAgent);
        credentials = k8s.Kubernetes.CreateCredentials(configuration);
        hostHeader = configuration.TlsServerName is { Length: > 0 } name ? name : null;
    }

    /// <summary>The API server's address.</summary>
    public Uri Address { get; }

    /// <summary>Counts one more user, to be followed by <see cref="Release"/>.</summary>
    /// <returns>False when it is closed.</returns>
    public bool TryUse()
    {
        for (var now = Volatile.Read(ref users); now > 0; )
        {
            var before = Interlocked.CompareExchange(ref users, now + 1, now);
            if (before == now)
                return true;
            now = before;
        }
        return false;
    }

    /// <summary>A user less; the last one closes it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref users) == 0)
            http.Dispose();
    }

    /// <summary>Sends one request; returns when the headers of the answer have arrived.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (hostHeader is not null)
            request.Headers.Host = hostHeader;
        if (credentials is not null)
            await credentials.ProcessHttpRequestAsync(request, cancellationToken).ConfigureAwait(false);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }
}
