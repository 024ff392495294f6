using System.Security.Cryptography;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Credentials;

/// <summary>The private key of a certificate that is asked for: made here, never sent, kept beside the kubeconfig until the certificate is there.</summary>
internal sealed class PendingKey : IDisposable
{
    private readonly string? path;

    private PendingKey(ECDsa key, string? path)
    {
        Key = key;
        this.path = path;
    }

    public ECDsa Key { get; }

    /// <summary>The certificate request's name: made of the key, so that whoever has the key finds it again.</summary>
    public string RequestName =>
        $"{Manifests.Identity}-{Convert.ToHexStringLower(SHA256.HashData(Key.ExportSubjectPublicKeyInfo()))[..16]}";

    /// <summary>The one that an earlier run left, or a new one.</summary>
    /// <param name="path">Where it is kept; null to keep it nowhere.</param>
    /// <exception cref="ConfigurationException">What is there cannot be used.</exception>
    public static PendingKey Open(string? path)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (path is null)
            return new PendingKey(key, null);
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, key.ExportPkcs8PrivateKeyPem(), FileOwner.Mine);
            return new PendingKey(key, path);
        }
        var text = TrustedFile.ReadSecret(path, "an earlier run");
        try
        {
            key.ImportFromPem(text);
            return new PendingKey(key, path);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new ConfigurationException(
                new ConfigurationProblem($"not the private key that an earlier run left ({e.Message})")
                {
                    File = path,
                    Run = $"mv {path} {path}.old",
                }
            );
        }
    }

    /// <summary>Throws it away: it is in the kubeconfig now, or of no use.</summary>
    public void Delete()
    {
        if (path is not null)
            File.Delete(path);
    }

    public void Dispose() => Key.Dispose();
}
