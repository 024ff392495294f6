using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;

namespace BeBiDa.Kubernetes;

/// <summary>The connection to an API server, as a kubeconfig describes it.</summary>
internal static class Connection
{
    /// <summary>Makes the handler that connects.</summary>
    /// <param name="configuration">The kubeconfig, as <see cref="Kubeconfig.Load"/> reads it: with the files that it names.</param>
    /// <param name="connectTimeout">How long to wait for a connection.</param>
    public static SocketsHttpHandler Handler(KubernetesClientConfiguration configuration, TimeSpan connectTimeout)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = connectTimeout,
            EnableMultipleHttp2Connections = true,
            // A watch may be silent for minutes: without pings, nobody would notice that the server has vanished.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        };
        if (configuration.SkipTlsVerify)
#pragma warning disable CA5359 // insecure-skip-tls-verify in the kubeconfig asks for just this.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        else if (configuration.SslCaCerts is { } authorities)
            handler.SslOptions.CertificateChainPolicy = Trusting(authorities);
        if (ClientCertificate(configuration) is { } identity)
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => identity;
        return handler;
    }

    // Not the client library's callback: with a private CA it accepts a certificate of any name.
    private static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A cluster's CA publishes no revocation list; kubectl asks for none either.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        policy.ExtraStore.AddRange(authorities);
        return policy;
    }

    private static X509Certificate2? ClientCertificate(KubernetesClientConfiguration configuration)
    {
        var certificate = Pem(configuration.ClientCertificateData);
        var key = Pem(configuration.ClientCertificateKeyData);
        return certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key);
    }

    private static string? Pem(string? base64) =>
        string.IsNullOrWhiteSpace(base64) ? null : Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
