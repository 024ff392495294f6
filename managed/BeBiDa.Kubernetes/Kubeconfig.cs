using System.Security.Cryptography.X509Certificates;
using System.Text;
using BeBiDa.Configuration;
using k8s;
using k8s.KubeConfigModels;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Kubernetes;

/// <summary>Reads the kubeconfig with the client library, adds what the library lacks, and refuses what slurmctld cannot allow.</summary>
public static class Kubeconfig
{
    /// <summary>Reads a kubeconfig, and the files that it names.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context; empty for the file's current-context.</param>
    /// <param name="allowExec">Whether a credential plugin (<c>user.exec</c>) may be run: it forks, which slurmctld must not.</param>
    /// <param name="reading">Told of each file right before it is read, except of a token file, which is read for each request. May be null.</param>
    /// <exception cref="ConfigurationException">It cannot be read, is accessible to others, or needs what is not supported.</exception>
    public static KubernetesClientConfiguration Load(string path, string context, bool allowExec, Action<string>? reading = null)
    {
        reading?.Invoke(path);
        var text = TrustedFile.ReadSecret(path, "kubernetes.kubeconfig");
        try
        {
            var document = Document(path, text);
            var (clusterName, userName) = Context(path, document, context);
            var user = Entry(document, "users", userName, "user");
            if (Value(user, "exec") is { } exec && !allowExec)
                throw new ConfigurationException(
                    $"{path}:{exec.Start.Line}: user.exec: BeBiDa runs no credential plugin inside slurmctld; use a client certificate, a token or a tokenFile (bebidactl can run plugins)"
                );
            var tokenFile = Text(user, "tokenFile") is { } file ? new TokenFile(FullPath(path, file), $"user.tokenFile of {path}") : null;
            tokenFile?.Read();

            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
            var model = KubernetesClientConfiguration.LoadKubeConfig(stream);
            model.FileName = path;
            foreach (var known in (model.Users ?? []).Where(u => u.Name == userName && u.UserCredentials is not null))
            {
                ReadFiles(path, known.UserCredentials, reading);
                // The client library does not support tokenFile, and insists on some credential.
                if (tokenFile is not null)
                    known.UserCredentials.Token ??= "(in tokenFile)";
            }
            foreach (var known in (model.Clusters ?? []).Where(c => c.Name == clusterName && c.ClusterEndpoint is not null))
                ReadFiles(path, known.ClusterEndpoint, reading);
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(model, context.Length == 0 ? null : context);
            if (tokenFile is not null)
            {
                configuration.AccessToken = null;
                configuration.TokenProvider = tokenFile;
            }
            configuration.UserAgent = $"bebida/{typeof(Kubeconfig).Assembly.GetName().Version?.ToString(3)}";
            TrustWholeBundle(
                configuration,
                (model.Clusters ?? []).FirstOrDefault(c => c.Name == clusterName)?.ClusterEndpoint?.CertificateAuthorityData
            );
            return configuration;
        }
        catch (Exception e) when (e is not ConfigurationException)
        {
            throw new ConfigurationException($"{path}: the kubeconfig cannot be used: {e.Message}");
        }
    }

    /// <summary>The files that <see cref="Load"/> reads, to check who can read them: the kubeconfig, and the certificates and the key that it names.</summary>
    public static IReadOnlyList<string> Files(string path, string context)
    {
        try
        {
            var document = Document(path, File.ReadAllText(path));
            var (clusterName, userName) = Context(path, document, context);
            var user = Entry(document, "users", userName, "user");
            var cluster = Entry(document, "clusters", clusterName, "cluster");
            return
            [
                path,
                .. new[] { Text(user, "client-certificate"), Text(user, "client-key"), Text(cluster, "certificate-authority") }
                    .OfType<string>()
                    .Select(file => FullPath(path, file)),
            ];
        }
        catch (Exception)
        {
            // Load will say what is wrong with it.
            return [path];
        }
    }

    // Inline referenced files, so the library uses exactly the bytes whose ownership we checked.
    private static void ReadFiles(string path, UserCredentials user, Action<string>? reading)
    {
        if (user.ClientCertificateData is null or "" && user.ClientCertificate is { Length: > 0 } certificate)
            user.ClientCertificateData = Base64(
                TrustedFile.ReadText(Named(path, certificate, reading), $"user.client-certificate of {path}")
            );
        if (user.ClientKeyData is null or "" && user.ClientKey is { Length: > 0 } key)
            user.ClientKeyData = Base64(TrustedFile.ReadSecret(Named(path, key, reading), $"user.client-key of {path}"));
        (user.ClientCertificate, user.ClientKey) = (null, null);
    }

    private static void ReadFiles(string path, ClusterEndpoint cluster, Action<string>? reading)
    {
        if (cluster.CertificateAuthorityData is null or "" && cluster.CertificateAuthority is { Length: > 0 } authority)
            cluster.CertificateAuthorityData = Base64(
                TrustedFile.ReadText(Named(path, authority, reading), $"cluster.certificate-authority of {path}")
            );
        cluster.CertificateAuthority = null;
    }

    private static string Named(string path, string file, Action<string>? reading)
    {
        var full = FullPath(path, file);
        reading?.Invoke(full);
        return full;
    }

    // The client library uses only the first certificate of a CA bundle, but a CA that is being rotated has two.
    private static void TrustWholeBundle(KubernetesClientConfiguration configuration, string? data)
    {
        if (data is not { Length: > 0 })
            return;
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(data)));
        if (bundle.Count > 0)
            configuration.SslCaCerts = bundle;
    }

    private static (string Cluster, string User) Context(string path, YamlMappingNode document, string context)
    {
        var name = context.Length > 0 ? context : Text(document, "current-context") ?? "";
        var entry =
            Entry(document, "contexts", name, "context")
            ?? throw new ConfigurationException($"{path}: has no context '{name}'; set kubernetes.context, or current-context in the file");
        return (Text(entry, "cluster") ?? "", Text(entry, "user") ?? "");
    }

    private static YamlMappingNode Document(string path, string text)
    {
        try
        {
            return BoundedYaml.Load(text).Documents is [{ RootNode: YamlMappingNode root }, ..]
                ? root
                : throw new ConfigurationException($"{path}: is not a kubeconfig");
        }
        catch (YamlException e)
        {
            throw new ConfigurationException($"{path}:{e.Start.Line}: not YAML: {e.Message}");
        }
    }

    // kubeconfig's lists hold {name: N, <kind>: {...}}.
    private static YamlMappingNode? Entry(YamlMappingNode document, string list, string name, string kind) =>
        (Value(document, list) as YamlSequenceNode)
            ?.OfType<YamlMappingNode>()
            .Where(entry => Text(entry, "name") == name)
            .Select(entry => Value(entry, kind) as YamlMappingNode)
            .FirstOrDefault();

    private static YamlNode? Value(YamlMappingNode? mapping, string key) =>
        mapping is not null && mapping.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static string? Text(YamlMappingNode? mapping, string key) =>
        Value(mapping, key) is YamlScalarNode { Value: { Length: > 0 } text } ? text : null;

    // Relative paths are relative to the kubeconfig (kubernetes.io/docs, "Organizing cluster access using kubeconfig files").
    private static string FullPath(string kubeconfig, string file) =>
        Path.GetFullPath(file, Path.GetDirectoryName(Path.GetFullPath(kubeconfig))!);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
