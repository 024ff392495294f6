using System.Text;
using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Tests;

/// <summary>Kubeconfigs of all kinds for one server, in a folder of their own.</summary>
internal sealed class KubeconfigFolder(IApiServer server) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("kubeconfig-").FullName;

    public string AuthorityPem { get; } = File.ReadAllText(server.CaCertificatePath);

    /// <summary>A cluster that trusts the server's authority.</summary>
    public string Trusting => $"certificate-authority-data: {Base64(AuthorityPem)}";

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Writes a file next to the kubeconfigs.</summary>
    public string Add(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    /// <summary>Writes a kubeconfig of one cluster and one user; each is given as lines of YAML without indent.</summary>
    public string Write(string user, string? cluster = null, string? serverUrl = null) =>
        Add(
            "config",
            $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: site
              cluster:
                server: {serverUrl ?? server.Url.GetLeftPart(UriPartial.Authority)}
                {Indent(cluster ?? Trusting)}
            users:
            - name: someone
              user:
                {Indent(user)}
            contexts:
            - name: main
              context: {"{"} cluster: site, user: someone {"}"}
            current-context: main

            """
        );

    /// <summary>The certificate and the key of a new identity, PEM.</summary>
    public (string Certificate, string Key) Identity(string user, params string[] groups) => Identity(server.WriteKubeconfig(user, groups));

    public static (string Certificate, string Key) Identity(string kubeconfig)
    {
        var text = File.ReadAllText(kubeconfig);
        return (Data("client-certificate-data"), Data("client-key-data"));

        string Data(string key) => Encoding.UTF8.GetString(Convert.FromBase64String(Regex.Match(text, $"{key}: (\\S+)").Groups[1].Value));
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Indent(string lines) => lines.ReplaceLineEndings("\n    ");
}
