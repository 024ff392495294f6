using System.CommandLine;
using System.CommandLine.Parsing;
using BeBiDa.Cli.Credentials;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Commands;

/// <summary>The options of <c>bebidactl kubeconfig</c> and <c>rbac</c>.</summary>
internal sealed class KubeconfigOptions
{
    // Kubernetes gives out none that live shorter, neither tokens nor certificates.
    private static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(10);

    public Option<string?> Target { get; } =
        new("--file", "-f")
        {
            Description =
                "The controller's kubeconfig (default: kubernetes.kubeconfig of bebida.yaml, else /etc/bebida/kubeconfig); - for standard output",
            HelpName = "FILE",
        };

    public Option<string?> Kubeconfig { get; } =
        new("--kubeconfig") { Description = "An admin's kubeconfig (default: $KUBECONFIG, else ~/.kube/config)", HelpName = "FILE" };

    public Option<string> Context { get; } =
        new("--context")
        {
            Description = "The context of the admin's kubeconfig (default: its current one)",
            HelpName = "NAME",
            DefaultValueFactory = _ => "",
        };

    public Option<CredentialKind?> Credential { get; } =
        NewCredential("Credential in the kubeconfig: a ServiceAccount's token (default), or a client certificate");

    public Option<TimeSpan?> Duration { get; } =
        new("--duration")
        {
            Description = "Lifetime of the credential; the cluster may shorten it (default: 2160h, or that of the one to renew)",
            HelpName = "TIME",
            CustomParser = ReadDuration,
        };

    public Option<string?> Server { get; } =
        new("--server")
        {
            Description = "Address of the API server for the controller (default: that of the admin's kubeconfig)",
            HelpName = "URL",
        };

    public Option<string?> Group { get; } =
        new("--group") { Description = "Group that may read the file (default: that of SlurmUser)", HelpName = "NAME" };

    public Option<string> Namespace { get; } = NewNamespace();

    public Option<bool> RemoveNode { get; } = NewRemoveNode();

    public Option<bool> DisruptionTarget { get; } = NewDisruptionTarget();

    public Option<bool> WaitUntilReady { get; } = NewWaitUntilReady();

    public Option<bool> SelfRenew { get; } = NewSelfRenew();

    public Option<bool> SkipRbac { get; } = new("--skip-rbac") { Description = "Do not apply the manifests that bebidactl rbac prints" };

    public Option<bool> NoApprove { get; } =
        new("--no-approve") { Description = "Wait for someone else to approve the certificate request" };

    public Option<TimeSpan?> Wait { get; } =
        new("--wait")
        {
            Description = "How long to wait for approval and certificate (default: 5m)",
            HelpName = "TIME",
            CustomParser = result => ReadTime(result, TimeSpan.Zero),
        };

    public Option<bool> Force { get; } =
        new("--force") { Description = "Replace the file even if it belongs to another identity or cluster" };

    public Option<bool> Self { get; } =
        new("--self")
        {
            Description = "Renew with the controller's own token, created with --self-renew, instead of an admin's kubeconfig",
        };

    public Option<bool> Now { get; } = new("--now") { Description = "Renew even if more than a third of the lifetime is left" };

    public static Option<string> NewNamespace()
    {
        var option = new Option<string>("--namespace", "-n")
        {
            Description = "Namespace of the ServiceAccount",
            HelpName = "NAME",
            DefaultValueFactory = _ => Manifests.Identity,
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !Manifests.IsNamespace(token.Value))
                result.AddError($"--namespace: '{token.Value}' is not a valid namespace name");
        });
        return option;
    }

    public static Option<bool> NewRemoveNode() =>
        new("--remove-node") { Description = "Add the right to delete Nodes (for kubernetes.removeNode)" };

    public static Option<bool> NewDisruptionTarget() =>
        new("--disruption-target")
        {
            Description = "Add the right to patch pods/status: pods deleted despite their budget then count as disrupted, not failed",
        };

    public static Option<bool> NewWaitUntilReady() =>
        new("--wait-until-ready") { Description = "Add the right to read the Leases of nodes (for nodes.waitUntilReady)" };

    public static Option<bool> NewSelfRenew() =>
        new("--self-renew") { Description = "Add the token's right to renew itself (for bebidactl kubeconfig renew --self in a timer)" };

    private static CredentialKind? ReadCredential(ArgumentResult result)
    {
        switch (result.Tokens)
        {
            case [{ Value: "token" }]:
                return CredentialKind.Token;
            case [{ Value: "certificate" }]:
                return CredentialKind.Certificate;
            default:
                result.AddError("--credential takes token or certificate");
                return null;
        }
    }

    /// <summary>The kubeconfig that the controller reads, and the context that it reads there.</summary>
    /// <exception cref="ConfigurationException">bebida.yaml is there and cannot be used.</exception>
    public static (string Path, string Context) Present(string? target, string? configurationFile)
    {
        var path = configurationFile ?? ConfigurationFile.Path;
        if (!File.Exists(path))
            return (target ?? "/etc/bebida/kubeconfig", "");
        var kubernetes = ConfigurationFile.Load(path).Kubernetes;
        return (target ?? kubernetes.Kubeconfig, kubernetes.Context);
    }

    public static Option<CredentialKind?> NewCredential(string description)
    {
        var option = new Option<CredentialKind?>("--credential")
        {
            Description = description,
            HelpName = "token|certificate",
            CustomParser = ReadCredential,
        };
        // In the place of the enumeration's own names, which are not what is typed.
        option.CompletionSources.Clear();
        option.CompletionSources.Add("token", "certificate");
        return option;
    }

    private static TimeSpan? ReadDuration(ArgumentResult result) => ReadTime(result, ShortestLifetime);

    private static TimeSpan? ReadTime(ArgumentResult result, TimeSpan least)
    {
        var text = result.Tokens is [var token] ? token.Value : "";
        if (BeBiDa.Duration.TryParse(text, out var time) && time >= least)
            return time;
        result.AddError($"'{text}' is not a duration of {BeBiDa.Duration.Format(least)} or more, such as 2160h or 30m");
        return null;
    }
}
