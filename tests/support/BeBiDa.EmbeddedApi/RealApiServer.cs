using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BeBiDa.EmbeddedApi.Authentication;
using BeBiDa.EmbeddedApi.Real;

namespace BeBiDa.EmbeddedApi;

/// <summary>A real etcd and kube-apiserver on this machine, of the binaries where the field's tests look for them.</summary>
public sealed class RealApiServer : IApiServer
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);

    private readonly string directory;
    private readonly bool ownsDirectory;
    private readonly bool allPlugins;
    private readonly IPAddress address;
    private readonly ClusterAuthority authority = new(DateTimeOffset.UtcNow);
    private readonly IReadOnlyList<string> counted;
    private readonly List<BoundProcess> processes = [];
    private readonly List<ReservedPort> ports = [];

    private RealApiServer(IPAddress? address, int port, string? directory, bool allPlugins, IReadOnlyList<string> counted)
    {
        this.allPlugins = allPlugins;
        this.counted = counted;
        this.address = address ?? IPAddress.Loopback;
        ownsDirectory = directory is null;
        this.directory = directory is null
            ? Directory.CreateTempSubdirectory("real-api-").FullName
            : Directory.CreateDirectory(directory).FullName;
        Url = new Uri($"https://{this.address}:{Reserve(this.address, port)}");
        CaCertificatePath = InDirectory("ca.crt");
    }

    /// <summary>The folder of the binaries: KUBEBUILDER_ASSETS, or its default.</summary>
    public static string Assets =>
        Environment.GetEnvironmentVariable("KUBEBUILDER_ASSETS") is { Length: > 0 } assets ? assets : "/usr/local/kubebuilder/bin";

    /// <summary>Whether both binaries are there.</summary>
    public static bool IsAvailable => File.Exists(Path.Combine(Assets, "etcd")) && File.Exists(Path.Combine(Assets, "kube-apiserver"));

    /// <inheritdoc/>
    public Uri Url { get; }

    /// <inheritdoc/>
    public string CaCertificatePath { get; }

    /// <inheritdoc/>
    public string AdminKubeconfig { get; private set; } = "";

    /// <summary>Starts both and returns once the API server is ready; where nothing else is asked for, on loopback, at a free port, in a new directory.</summary>
    /// <remarks>The requests of the users <paramref name="counted"/> go to the audit log, of which <see cref="RequestsOf"/> counts the lines.</remarks>
    public static async Task<RealApiServer> StartAsync(
        CancellationToken cancellation = default,
        IPAddress? address = null,
        int port = 0,
        string? directory = null,
        bool allPlugins = false,
        IReadOnlyList<string>? counted = null
    )
    {
        if (!IsAvailable)
            throw new FileNotFoundException($"etcd and kube-apiserver are not both in {Assets}");
        var server = new RealApiServer(address, port, directory, allPlugins, counted ?? []);
        try
        {
            server.Start();
            server.AdminKubeconfig = server.WriteKubeconfig("kubernetes-admin", User.Masters);
            await server.WaitUntilReadyAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public string WriteKubeconfig(string user, params string[] groups) => WriteKubeconfig(user, TimeSpan.FromDays(365), groups);

    /// <inheritdoc/>
    public string WriteKubeconfig(string user, TimeSpan lifetime, params string[] groups)
    {
        using var client = authority.IssueClient(user, groups, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow + lifetime);
        return KubeconfigFile.Write(KubeconfigFile.PathFor(directory, user), Url, authority.Pem, client);
    }

    /// <inheritdoc/>
    public string SignClientCertificate(string requestPem, TimeSpan lifetime) =>
        authority.SignClient(requestPem, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow + lifetime);

    /// <inheritdoc/>
    public long? RequestsOf(string user) => counted.Contains(user) ? AuditLog.Count(directory, user) : null;

    /// <summary>The programs of these two that have ended.</summary>
    public IEnumerable<BoundProcess> Ended => processes.Where(process => !process.IsRunning);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var i = processes.Count - 1; i >= 0; i--)
            await processes[i].DisposeAsync();
        ports.ForEach(port => port.Dispose());
        authority.Dispose();
        if (ownsDirectory)
            Directory.Delete(directory, true);
    }

    private void Start()
    {
        File.WriteAllText(CaCertificatePath, authority.Pem);
        using var certificate = authority.IssueServer(address, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(InDirectory("server.crt"), certificate.ExportCertificatePem());
        KubeconfigFile.WritePrivate(InDirectory("server.key"), key.ExportPkcs8PrivateKeyPem());
        using var accounts = RSA.Create(2048);
        KubeconfigFile.WritePrivate(InDirectory("accounts.key"), accounts.ExportRSAPrivateKeyPem());

        var store = $"http://127.0.0.1:{Reserve(IPAddress.Loopback)}";
        var peers = $"http://127.0.0.1:{Reserve(IPAddress.Loopback)}";
        Run(
            "etcd",
            $"--data-dir={InDirectory("etcd")}",
            "--unsafe-no-fsync",
            $"--listen-client-urls={store}",
            $"--advertise-client-urls={store}",
            $"--listen-peer-urls={peers}",
            $"--initial-advertise-peer-urls={peers}",
            $"--initial-cluster=default={peers}",
            "--log-level=warn"
        );
        Run(
            "kube-apiserver",
            [
                $"--etcd-servers={store}",
                $"--bind-address={address}",
                $"--advertise-address={address}",
                $"--secure-port={Url.Port}",
                $"--tls-cert-file={InDirectory("server.crt")}",
                $"--tls-private-key-file={InDirectory("server.key")}",
                $"--client-ca-file={CaCertificatePath}",
                "--authorization-mode=Node,RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                $"--service-account-key-file={InDirectory("accounts.key")}",
                $"--service-account-signing-key-file={InDirectory("accounts.key")}",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--endpoint-reconciler-type=none",
                // Where no controllers make service accounts or watch nodes for pods; NodeRestriction is what a site has.
                $"--disable-admission-plugins={(allPlugins ? "" : "ServiceAccount,DefaultTolerationSeconds,TaintNodesByCondition")}",
                "--enable-admission-plugins=NodeRestriction",
                $"--cert-dir={directory}",
                .. AuditLog.Arguments(directory, counted),
            ]
        );
    }

    private void Run(string program, params string[] arguments) =>
        processes.Add(new(Path.Combine(Assets, program), InDirectory($"{program}.log"), arguments));

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        using var admin = authority.IssueClient(
            "probe",
            [User.Masters],
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1)
        );
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = [admin];
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        using var client = new HttpClient(handler) { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(5) };
        var deadline = DateTime.UtcNow + StartLimit;
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri("/readyz", UriKind.Relative), cancellation);
                if (answer.StatusCode == HttpStatusCode.OK && await HasNamespacesAsync(client, cancellation))
                    return;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                // Not there yet.
            }
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException(
                    $"kube-apiserver did not become ready:\n{string.Join('\n', processes.Select(process => process.LastLines()))}"
                );
            await Task.Delay(100, cancellation);
        }
    }

    private static async Task<bool> HasNamespacesAsync(HttpClient client, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(new Uri("/api/v1/namespaces/default", UriKind.Relative), cancellation);
        return answer.IsSuccessStatusCode;
    }

    private string InDirectory(string name) => Path.Combine(directory, name);

    private int Reserve(IPAddress where, int port = 0)
    {
        var reserved = new ReservedPort(where, port);
        ports.Add(reserved);
        return reserved.Number;
    }
}
