using System.Text;
using BeBiDa.Configuration;
using k8s;

namespace BeBiDa.Cli.Credentials;

/// <summary>The text of a kubeconfig for the controller: one cluster, one user, one context, nothing beside it that is needed.</summary>
internal static class KubeconfigText
{
    /// <summary>With a client certificate.</summary>
    public static string WithCertificate(
        KubernetesClientConfiguration cluster,
        string? server,
        string context,
        string certificatePem,
        string keyPem
    ) =>
        Text(
            cluster,
            server,
            context,
            $"""
                client-certificate-data: {Base64(certificatePem)}
                client-key-data: {Base64(keyPem)}
            """
        );

    /// <summary>With a token.</summary>
    public static string WithToken(KubernetesClientConfiguration cluster, string? server, string context, string token) =>
        Text(cluster, server, context, $"    token: {token}");

    /// <summary>Refuses an admin's kubeconfig from which none can be made for the controller.</summary>
    /// <exception cref="ConfigurationException">It does not check who the server is.</exception>
    public static void RefuseUntrusting(KubernetesClientConfiguration cluster)
    {
        if (cluster.SkipTlsVerify)
            throw new ConfigurationException(
                "the kubeconfig does not check the server's certificate (insecure-skip-tls-verify); give one with the cluster's CA, for what slurmctld trusts decides about jobs"
            );
    }

    private static string Text(KubernetesClientConfiguration cluster, string? server, string context, string credential)
    {
        var trust = new StringBuilder();
        if (cluster.SslCaCerts is { Count: > 0 } authorities)
            trust.Append(
                $"    certificate-authority-data: {Base64(string.Concat(authorities.Select(one => one.ExportCertificatePem() + "\n")))}\n"
            );
        if (cluster.TlsServerName is { Length: > 0 } name)
            trust.Append($"    tls-server-name: {name}\n");
        return $"""
            # Made by bebidactl kubeconfig; renewed by: bebidactl kubeconfig renew
            apiVersion: v1
            kind: Config
            clusters:
            - name: kubernetes
              cluster:
                server: {(server ?? cluster.Host).TrimEnd('/')}
            {trust}users:
            - name: {Manifests.Identity}
              user:
            {credential}
            contexts:
            - name: {Quoted(context)}
              context:
                cluster: kubernetes
                user: {Manifests.Identity}
            current-context: {Quoted(context)}

            """;
    }

    // A double-quoted scalar of YAML.
    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
