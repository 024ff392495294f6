using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using BeBiDa.Configuration;
using BeBiDa.Kubernetes;

namespace BeBiDa.Cli.Credentials;

/// <summary>Who a kubeconfig says that one is, and until when: as far as it can be told from the file.</summary>
/// <param name="Kind">How it says so.</param>
/// <param name="Identity">The user's name; empty where it cannot be told.</param>
/// <param name="Server">The API server.</param>
/// <param name="Issued">From when on it counts; null where it is not told.</param>
/// <param name="Expires">Until when; null for what does not end, or does not tell.</param>
internal sealed record Credential(CredentialKind Kind, string Identity, string Server, DateTimeOffset? Issued, DateTimeOffset? Expires)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="ConfigurationException">It is no kubeconfig that can be used.</exception>
    public static async Task<Credential> ReadAsync(string path, string context, CancellationToken cancellationToken)
    {
        var kubeconfig = Kubeconfig.Load(path, context, allowExec: true);
        try
        {
            if (kubeconfig.ClientCertificateData is { Length: > 0 } data)
            {
                using var certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(data)));
                return new Credential(
                    CredentialKind.Certificate,
                    certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
                    kubeconfig.Host,
                    certificate.NotBefore.ToUniversalTime(),
                    certificate.NotAfter.ToUniversalTime()
                );
            }
            var token =
                kubeconfig.AccessToken
                ?? (
                    kubeconfig.TokenProvider is { } provider
                        ? (await provider.GetAuthenticationHeaderAsync(cancellationToken).ConfigureAwait(false)).Parameter
                        : null
                );
            return token is null
                ? new Credential(CredentialKind.None, kubeconfig.Username ?? "", kubeconfig.Host, null, null)
                : OfToken(token, kubeconfig.Host);
        }
        catch (Exception e)
            when (e is System.Security.Cryptography.CryptographicException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(new ConfigurationProblem($"cannot read its credential: {e.Message}") { File = path });
        }
    }

    /// <summary>When renewal is due: with a third of its time left, as kubelet and cert-manager have it.</summary>
    public DateTimeOffset? RenewalDue => (Issued, Expires) is ({ } from, { } until) ? until - (until - from) / 3 : null;

    // RFC 7519; a token that is none tells nothing of itself.
    private static Credential OfToken(string token, string server)
    {
        try
        {
            if (token.Split('.') is [_, var payload, _])
            {
                using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
                return new Credential(CredentialKind.Token, Text(claims, "sub"), server, Time(claims, "iat"), Time(claims, "exp"));
            }
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // An opaque token.
        }
        return new Credential(CredentialKind.Token, "", server, null, null);
    }

    private static string Text(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static DateTimeOffset? Time(JsonDocument claims, string name) =>
        claims.RootElement.TryGetProperty(name, out var value) && value.TryGetInt64(out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}
