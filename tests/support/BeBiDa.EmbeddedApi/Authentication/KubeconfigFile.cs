using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace BeBiDa.EmbeddedApi.Authentication;

/// <summary>Writes kubeconfig files that only their owner can read.</summary>
internal static class KubeconfigFile
{
    public static string Write(string path, Uri server, string authorityPem, X509Certificate2 client)
    {
        using var key = client.GetECDsaPrivateKey()!;
        return Write(
            path,
            server,
            authorityPem,
            $"""
                client-certificate-data: {Base64(client.ExportCertificatePem())}
                client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}
            """
        );
    }

    public static string WriteToken(string path, Uri server, string authorityPem, string token) =>
        Write(path, server, authorityPem, $"    token: {token}");

    private static string Write(string path, Uri server, string authorityPem, string credential)
    {
        WritePrivate(
            path,
            $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: test
              cluster:
                server: {server.GetLeftPart(UriPartial.Authority)}
                certificate-authority-data: {Base64(authorityPem)}
            users:
            - name: test
              user:
            {credential}
            contexts:
            - name: test
              context:
                cluster: test
                user: test
            current-context: test

            """
        );
        return path;
    }

    /// <summary>A file of a directory that is named after a user and not there yet.</summary>
    public static string PathFor(string directory, string user)
    {
        var safe = string.Concat(user.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_'));
        for (var i = 0; ; i++)
        {
            var path = Path.Combine(directory, i == 0 ? $"{safe}.kubeconfig" : $"{safe}-{i}.kubeconfig");
            if (!File.Exists(path))
                return path;
        }
    }

    /// <summary>Writes a file with mode 0600 from its first byte on. Who waits for the file finds all of it.</summary>
    public static void WritePrivate(string path, string text)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("file modes are those of Unix");
        var incomplete = path + ".incomplete";
        File.Delete(incomplete);
        using (
            var file = new FileStream(
                incomplete,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            )
        )
            file.Write(Encoding.UTF8.GetBytes(text));
        File.Move(incomplete, path, overwrite: true);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
