using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.EmbeddedApi.Http;
using BeBiDa.EmbeddedApi.Objects;
using BeBiDa.EmbeddedApi.Pods;
using BeBiDa.EmbeddedApi.Rbac;
using BeBiDa.EmbeddedApi.Registry;
using BeBiDa.EmbeddedApi.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace BeBiDa.EmbeddedApi;

/// <summary>A Kubernetes API in this process, with all its objects in memory.</summary>
public sealed class EmbeddedApiServer : IApiServer
{
    private readonly EmbeddedApiOptions options;
    private readonly string directory;
    private readonly bool ownsDirectory;
    private readonly ClusterAuthority authority;
    private readonly Authenticator authenticator;
    private readonly Store store;
    private readonly Lists lists;
    private readonly NamespaceController namespaces;
    private readonly ApiHandler handler;
    private readonly Requests requests = new();
    private readonly X509Certificate2 certificate;
    private readonly X509Certificate2 expiredCertificate;
    private readonly ReservedPort port;
    private CancellationTokenSource stopping = new();
    private WebApplication? application;
    private Socket? listening;

    private EmbeddedApiServer(EmbeddedApiOptions options)
    {
        this.options = options;
        port = new ReservedPort(options.Address, options.Port);
        ownsDirectory = options.Directory is null;
        directory = options.Directory ?? System.IO.Directory.CreateTempSubdirectory("embedded-api-").FullName;
        System.IO.Directory.CreateDirectory(directory);
        var now = options.Clock.GetUtcNow();
        authority = new(now);
        certificate = authority.IssueServer(options.Address, now.AddDays(-1), now.AddYears(1));
        expiredCertificate = authority.IssueServer(options.Address, now.AddDays(-30), now.AddDays(-1));
        CaCertificatePath = Path.Combine(directory, "ca.crt");
        File.WriteAllText(CaCertificatePath, authority.Pem);
        authenticator = new(authority, options.Clock);
        Faults = new(options.Clock);

        store = new(options.HistoryLimit);
        var authorizer = new Authorizer(store);
        var registry = new ObjectRegistry(store, options.Clock);
        var deletion = new Deletion(registry);
        lists = new(store);
        var watches = new Watches(store, options.Clock, options.BookmarkInterval);
        var subresources = new Subresources(registry, new Eviction(registry, deletion), authenticator);
        handler = new(authenticator, authorizer, Faults, requests, new(registry, deletion, lists, watches, subresources, new(authorizer)));
        Bootstrap(registry);
        namespaces = new(store, deletion);
    }

    /// <inheritdoc/>
    public Uri Url { get; private set; } = new("https://127.0.0.1");

    /// <inheritdoc/>
    public string CaCertificatePath { get; }

    /// <inheritdoc/>
    public string AdminKubeconfig { get; private set; } = "";

    /// <summary>The faults that clients meet.</summary>
    public FaultPlan Faults { get; }

    /// <summary>Starts a server and returns once it answers.</summary>
    public static async Task<EmbeddedApiServer> StartAsync(EmbeddedApiOptions? options = null, CancellationToken cancellation = default)
    {
        var server = new EmbeddedApiServer(options ?? new());
        await server.ListenAsync(cancellation);
        server.AdminKubeconfig = server.WriteKubeconfig("kubernetes-admin", User.Masters);
        return server;
    }

    /// <inheritdoc/>
    public string WriteKubeconfig(string user, params string[] groups) => WriteKubeconfig(user, TimeSpan.FromDays(365), groups);

    /// <summary>Makes a new identity whose certificate ends after a time; a negative one has ended already.</summary>
    public string WriteKubeconfig(string user, TimeSpan lifetime, params string[] groups)
    {
        var now = options.Clock.GetUtcNow();
        using var client = authority.IssueClient(user, groups, now.AddDays(-30), now + lifetime);
        return KubeconfigFile.Write(KubeconfigFile.PathFor(directory, user), Url, authority.Pem, client);
    }

    /// <inheritdoc/>
    public string SignClientCertificate(string requestPem, TimeSpan lifetime) =>
        authority.SignClient(requestPem, options.Clock.GetUtcNow().AddMinutes(-5), options.Clock.GetUtcNow() + lifetime);

    /// <summary>Accepts a bearer token from now on.</summary>
    public void AddToken(string token, string user, params string[] groups) =>
        authenticator.AddToken(token, new(user, [.. groups, "system:authenticated"]));

    /// <summary>Refuses a bearer token from now on.</summary>
    public void RevokeToken(string token) => authenticator.RevokeToken(token);

    /// <summary>A kubeconfig, mode 0600, with a bearer token.</summary>
    public string WriteTokenKubeconfig(string token) =>
        KubeconfigFile.WriteToken(KubeconfigFile.PathFor(directory, "token"), Url, authority.Pem, token);

    /// <summary>The requests since the start or since <see cref="ResetRequestCounts"/>, by verb and resource.</summary>
    public IReadOnlyList<RequestCount> RequestCounts => requests.Read();

    /// <inheritdoc/>
    public long? RequestsOf(string user) => requests.Of(user);

    /// <summary>Counts from zero again.</summary>
    public void ResetRequestCounts() => requests.Reset();

    /// <summary>Forgets all history: watches and continued lists from before are answered 410.</summary>
    public void Compact()
    {
        store.Compact();
        lists.Compact();
    }

    /// <summary>Stops serving and cuts every connection; the objects stay.</summary>
    public async Task StopAsync()
    {
        if (application is not { } running)
            return;
        application = null;
        await stopping.CancelAsync();
        // A program that is just starting may have a copy of it, with which it would listen on after its end here.
        listening!.Shutdown(SocketShutdown.Both);
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await running.StopAsync(now.Token);
        await running.DisposeAsync();
    }

    /// <summary>Serves the same objects on the same port again after <see cref="StopAsync"/>.</summary>
    public async Task RestartAsync(CancellationToken cancellation = default)
    {
        await StopAsync();
        stopping.Dispose();
        stopping = new();
        await ListenAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Faults.Clear();
        await StopAsync();
        await namespaces.DisposeAsync();
        port.Dispose();
        stopping.Dispose();
        certificate.Dispose();
        expiredCertificate.Dispose();
        authority.Dispose();
        if (ownsDirectory)
            System.IO.Directory.Delete(directory, true);
    }

    private static void Bootstrap(ObjectRegistry registry)
    {
        foreach (var space in (string[])["default", "kube-system", "kube-public", "kube-node-lease"])
            registry.Create(
                ResourceTypes.Namespaces,
                "",
                new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = space } },
                WriteOptions.Server
            );
        foreach (var role in BootstrapRoles.Roles())
            registry.Create(ResourceTypes.ClusterRoles, "", role, WriteOptions.Server);
        foreach (var binding in BootstrapRoles.Bindings())
            registry.Create(ResourceTypes.ClusterRoleBindings, "", binding, WriteOptions.Server);
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder
            .WebHost.UseKestrelCore()
            .UseSockets(sockets =>
                sockets.CreateBoundListenSocket = address => listening = SocketTransportOptions.CreateDefaultBoundListenSocket(address)
            )
            .ConfigureKestrel(ConfigureKestrel);
        var serving = builder.Build();
        var stop = stopping.Token;
        serving.Run(http =>
        {
            // Kestrel has a clock of its own.
            http.Response.Headers.Date = options.Clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
            return handler.HandleAsync(http, stop);
        });
        await serving.StartAsync(cancellation);
        application = serving;
        Url = new UriBuilder(serving.Urls.First()) { Scheme = "https", Host = options.Address.ToString() }.Uri;
    }

    private void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        // As Go's server has it; Kestrel's own default would hold back clients that are used to this.
        kestrel.Limits.Http2.MaxStreamsPerConnection = 250;
        kestrel.Listen(
            options.Address,
            port.Number,
            listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                var valid = SslStreamCertificateContext.Create(certificate, null, offline: true);
                var expired = SslStreamCertificateContext.Create(expiredCertificate, null, offline: true);
                listen.UseHttps(
                    new TlsHandshakeCallbackOptions
                    {
                        OnConnection = _ =>
                            ValueTask.FromResult(
                                new SslServerAuthenticationOptions
                                {
                                    ServerCertificateContext = Faults.ExpiredServerCertificate ? expired : valid,
                                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                                    ClientCertificateRequired = true,
                                    // Who the client is, and whether its certificate still counts, is answered with 401 and not by the handshake.
                                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                                }
                            ),
                    }
                );
            }
        );
    }
}
