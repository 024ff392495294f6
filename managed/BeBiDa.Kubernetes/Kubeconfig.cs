using System.Security.Cryptography.X509Certificates;
using BeBiDa.Configuration;
using k8s;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Kubernetes;

/// <summary>Reads the kubeconfig: the client library's reading, with what it leaves out and what slurmctld cannot allow.</summary>
public static class Kubeconfig
{
    /// <summary>Reads a kubeconfig.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context; empty for the file's current-context.</param>
    /// <param name="allowExec">Whether a credential plugin (<c>user.exec</c>) may be run: it forks, which slurmctld must not be made to do.</param>
    /// <exception cref="ConfigurationException">It cannot be read, is open to others, or asks for what cannot be done.</exception>
    public static KubernetesClientConfiguration Load(string path, string context, bool allowExec)
    {
        TrustedFile.RefuseOpenSecret(path, "kubernetes.kubeconfig");
        try
        {
            var user = User(path, context);
            if (Value(user, "exec") is { } exec && !allowExec)
                throw new ConfigurationException($"{path}:{exec.Start.Line}: user.exec: a credential plugin would have to be forked inside slurmctld, which BeBiDa does not do; use a client certificate, a token or a tokenFile (bebidactl can run plugins)");
            foreach (var key in new[] { "client-key", "tokenFile" })
                if (Text(user, key) is { } file)
                    TrustedFile.RefuseOpenSecret(FullPath(path, file), $"user.{key} of {path}");

            var model = KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(path));
            var tokenFile = Text(user, "tokenFile");
            if (tokenFile is not null)
                // The client library does not know tokenFile, and wants to see some credential.
                foreach (var known in model.Users.Where(u => u.Name == UserName(path, context)))
                    known.UserCredentials.Token ??= "(in tokenFile)";
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(model, context.Length == 0 ? null : context);
            if (tokenFile is not null)
            {
                configuration.AccessToken = null;
                configuration.TokenProvider = new TokenFile(FullPath(path, tokenFile));
            }
            configuration.UserAgent = $"bebida/{typeof(Kubeconfig).Assembly.GetName().Version?.ToString(3)}";
            ReadWholeBundle(configuration, path, context);
            return configuration;
        }
        catch (Exception e) when (e is not ConfigurationException)
        {
            throw new ConfigurationException($"{path}: the kubeconfig cannot be used: {e.Message}");
        }
    }

    /// <summary>The files that <see cref="Load"/> reads: the kubeconfig, and the certificates and the key that it names. Not a token's, which is read again with each request.</summary>
    public static IReadOnlyList<string> Files(string path, string context)
    {
        try
        {
            var user = User(path, context);
            var cluster = Cluster(path, context);
            return [path, .. new[] { Text(user, "client-certificate"), Text(user, "client-key"), Text(cluster, "certificate-authority") }.OfType<string>().Select(file => FullPath(path, file))];
        }
        catch (Exception)
        {
            // Load will say what is wrong with it.
            return [path];
        }
    }

    private static YamlMappingNode? Cluster(string path, string context) => Entry(Document(path), "clusters", Text(Context(path, context), "cluster") ?? "", "cluster");

    // The client library takes only the first certificate of a CA bundle: a CA that is being rotated has two.
    private static void ReadWholeBundle(KubernetesClientConfiguration configuration, string path, string context)
    {
        var cluster = Cluster(path, context);
        var pem = Text(cluster, "certificate-authority-data") is { } data ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(data))
            : Text(cluster, "certificate-authority") is { } file ? File.ReadAllText(FullPath(path, file))
            : null;
        if (pem is null)
            return;
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(pem);
        if (bundle.Count > 0)
            configuration.SslCaCerts = bundle;
    }

    private static string UserName(string path, string context) => Text(Context(path, context), "user") ?? "";

    private static YamlMappingNode? User(string path, string context) => Entry(Document(path), "users", UserName(path, context), "user");

    private static YamlMappingNode? Context(string path, string context)
    {
        var document = Document(path);
        var name = context.Length > 0 ? context : Text(document, "current-context") ?? "";
        return Entry(document, "contexts", name, "context")
            ?? throw new ConfigurationException($"{path}: has no context '{name}'; set kubernetes.context, or current-context in the file");
    }

    private static YamlMappingNode Document(string path)
    {
        var yaml = new YamlStream();
        try
        {
            using var text = File.OpenText(path);
            yaml.Load(text);
        }
        catch (YamlException e)
        {
            throw new ConfigurationException($"{path}:{e.Start.Line}: not YAML: {e.Message}");
        }
        return yaml.Documents is [{ RootNode: YamlMappingNode root }, ..] ? root : throw new ConfigurationException($"{path}: is no kubeconfig");
    }

    // kubeconfig's lists hold {name: N, <kind>: {...}}.
    private static YamlMappingNode? Entry(YamlMappingNode document, string list, string name, string kind) =>
        (Value(document, list) as YamlSequenceNode)?.OfType<YamlMappingNode>()
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
}
