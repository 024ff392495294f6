using System.Text.RegularExpressions;

namespace BeBiDa.Cli.Credentials;

/// <summary>Which manifests are wanted.</summary>
/// <param name="Namespace">The ServiceAccount's namespace.</param>
/// <param name="Credential">The identity that the rights are bound to; both where it is null.</param>
/// <param name="RemoveNode">Whether kubernetes.removeNode is used.</param>
/// <param name="SelfRenew">Whether a token may renew itself.</param>
/// <param name="Timeline">Whether bebidactl timeline reads Events as this identity.</param>
/// <param name="DisruptionTarget">Whether pods that are deleted past their budget are marked as disrupted.</param>
/// <param name="WaitUntilReady">Whether nodes.waitUntilReady is used.</param>
/// <param name="FlowControl">Whether the API server gives this identity priority levels of its own.</param>
/// <param name="Record">Whether bebidactl record watches Events as this identity.</param>
internal sealed record ManifestOptions(
    string Namespace = Manifests.Identity,
    CredentialKind? Credential = null,
    bool RemoveNode = false,
    bool SelfRenew = false,
    bool Timeline = false,
    bool DisruptionTarget = false,
    bool WaitUntilReady = false,
    bool FlowControl = false,
    bool Record = false
)
{
    /// <summary>Those of an identity that bebidactl kubeconfig create has made; those of both packaged ones for any other.</summary>
    public static ManifestOptions Of(Credential credential) =>
        TokenIssuer.Account(credential.Identity) is { Name: Manifests.Identity } account ? new(account.Namespace, CredentialKind.Token)
        : credential is { Kind: CredentialKind.Certificate, Identity: Manifests.Identity } ? new(Credential: CredentialKind.Certificate)
        : new();
}

/// <summary>The manifests of packaging/kubernetes, which are part of this program.</summary>
internal static partial class Manifests
{
    /// <summary>The name of everything in them: the user, the ServiceAccount and its namespace, roles and bindings.</summary>
    public const string Identity = "bebida";

    // As they stand in each binding; a test holds the files to it.
    private const string UserSubject = """
          - apiGroup: rbac.authorization.k8s.io
            kind: User
            name: bebida

        """;

    private const string ServiceAccountSubject = """
          - kind: ServiceAccount
            name: bebida
            namespace: bebida

        """;

    private const string NamespaceObject = "kind: Namespace\nmetadata:\n  name: bebida\n";

    /// <summary>The manifests as text, with their comments.</summary>
    public static string Text(ManifestOptions options)
    {
        var text = string.Join("---\n", Files(options).Select(Read));
        text = options.Credential switch
        {
            CredentialKind.Token => text.Replace(UserSubject, "", StringComparison.Ordinal),
            CredentialKind.Certificate => text.Replace(ServiceAccountSubject, "", StringComparison.Ordinal),
            _ => text,
        };
        return OurNamespace()
            .Replace(
                text.Replace(
                    NamespaceObject,
                    NamespaceObject.Replace(Identity, options.Namespace, StringComparison.Ordinal),
                    StringComparison.Ordinal
                ),
                options.Namespace
            );
    }

    /// <summary>What an admin runs to apply them.</summary>
    /// <remarks>kubectl puts the subjects of these in the place of those that are bound. So they must be the identity's own.</remarks>
    public static string Command(ManifestOptions options)
    {
        var words = new List<string> { "bebidactl rbac" };
        if (options.Credential is { } kind)
            words.Add($"--credential {kind.ToString().ToLowerInvariant()}");
        if (options.Credential != CredentialKind.Certificate && options.Namespace != Identity)
            words.Add($"--namespace {options.Namespace}");
        words.AddRange(
            new[]
            {
                (options.RemoveNode, "--remove-node"),
                (options.DisruptionTarget, "--disruption-target"),
                (options.WaitUntilReady, "--wait-until-ready"),
                (options.SelfRenew, "--self-renew"),
                (options.Timeline, "--timeline"),
                (options.Record, "--record"),
                (options.FlowControl, "--flow-control"),
            }
                .Where(option => option.Item1)
                .Select(option => option.Item2)
        );
        return $"{string.Join(' ', words)} | kubectl apply -f -";
    }

    /// <summary>Whether Kubernetes takes a name for a namespace (RFC 1123 label).</summary>
    public static bool IsNamespace(string name) => Label().IsMatch(name);

    private static IEnumerable<string> Files(ManifestOptions options)
    {
        if (options.Credential == CredentialKind.Token)
            yield return "serviceaccount.yaml";
        yield return "rbac.yaml";
        if (options.RemoveNode)
            yield return "rbac-remove-node.yaml";
        if (options.DisruptionTarget)
            yield return "rbac-disruption-target.yaml";
        if (options.WaitUntilReady)
            yield return "rbac-wait-until-ready.yaml";
        if (options.SelfRenew)
            yield return "rbac-self-renew.yaml";
        if (options.Timeline)
            yield return "rbac-timeline.yaml";
        if (options.Record)
            yield return "rbac-record.yaml";
        if (options.FlowControl)
            yield return "flow-control.yaml";
    }

    private static string Read(string name)
    {
        using var text = new StreamReader(typeof(Manifests).Assembly.GetManifestResourceStream(name)!);
        return text.ReadToEnd();
    }

    [GeneratedRegex("(?<=^ +namespace: )bebida$", RegexOptions.Multiline)]
    private static partial Regex OurNamespace();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    private static partial Regex Label();
}
