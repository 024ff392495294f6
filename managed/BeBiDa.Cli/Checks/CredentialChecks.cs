using BeBiDa.Cli.Credentials;
using BeBiDa.Cli.Reports;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Kubernetes;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Checks;

/// <summary>The kubeconfig, and what the server says of who it is: reachable, until when, each right, none more.</summary>
internal sealed class CredentialChecks(CheckedSite site, Findings findings, ILogger logger)
{
    private const string Consequence = "each job waits until controller.deadline, and no node is handed over";

    // Whoever may do one of these needs no hand-over to harm a cluster.
    private static readonly Right[] TooMuch =
    [
        new("get", "", "secrets", "", null, ""),
        new("create", "", "pods", "", null, ""),
        new("create", "", "pods", "exec", null, ""),
        new("create", "rbac.authorization.k8s.io", "clusterrolebindings", "", null, ""),
    ];

    // A second is what the header tells, and some of it the way takes.
    private static readonly TimeSpan ToleratedSkew = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HarmfulSkew = TimeSpan.FromMinutes(1);

    /// <summary>Which manifests are the identity's.</summary>
    public ManifestOptions Packaged { get; private set; } = new();

    /// <summary>Looks.</summary>
    /// <returns>The cluster, to be asked more; null where it cannot be.</returns>
    public async Task<ClusterApi?> RunAsync(CancellationToken cancellationToken)
    {
        if (site.Configuration?.Kubernetes is not { } kubernetes)
        {
            findings.Skip("kubeconfig", "bebida.yaml cannot be used");
            return null;
        }
        findings.Look("kubeconfig");
        Credential credential;
        try
        {
            Kubeconfig.Load(kubernetes.Kubeconfig, kubernetes.Context, allowExec: site.UsesHook);
            credential = await Credential.ReadAsync(kubernetes.Kubeconfig, kubernetes.Context, cancellationToken).ConfigureAwait(false);
        }
        catch (ConfigurationException e)
        {
            foreach (var problem in e.Problems)
                findings.Error(
                    "kubeconfig/refused",
                    problem.What,
                    "slurmctld runs jobs without BeBiDa; no node is handed over",
                    problem.Remedy
                        ?? $"bebidactl kubeconfig create --kubeconfig ADMIN{(File.Exists(kubernetes.Kubeconfig) ? " --force" : "")}",
                    problem.Place ?? kubernetes.Kubeconfig
                );
            return null;
        }
        if (Ends(kubernetes.Kubeconfig, credential))
            return null;
        var api = new ClusterApi(kubernetes.Kubeconfig, kubernetes.Context, logger);
        try
        {
            await AskAsync(api, kubernetes, credential, cancellationToken).ConfigureAwait(false);
            return api;
        }
        catch (ClusterException e)
        {
            findings.Error(
                e.Fault == ClusterFault.Unauthenticated ? "kubeconfig/unauthenticated" : "kubernetes/unreachable",
                e.Message,
                Consequence,
                e.Fault == ClusterFault.Unauthenticated
                    ? "bebidactl kubeconfig create --force"
                    : $"bebidactl kubeconfig create --force, for the right address and CA; or let this host reach {api.Address}",
                kubernetes.Kubeconfig
            );
            api.Dispose();
            return null;
        }
    }

    private bool Ends(string file, Credential credential)
    {
        var now = DateTimeOffset.UtcNow;
        if (credential.Expires <= now)
            findings.Error(
                "kubeconfig/expired",
                $"its {credential.Kind.ToString().ToLowerInvariant()} expired on {CredentialOutput.Time(credential.Expires.Value)}",
                Consequence,
                "bebidactl kubeconfig renew --kubeconfig ADMIN",
                file
            );
        else if (credential.RenewalDue <= now)
            findings.Warning(
                "kubeconfig/renewal-due",
                $"its {credential.Kind.ToString().ToLowerInvariant()} expires on {CredentialOutput.Time(credential.Expires!.Value)}, in {CredentialOutput.Remaining(credential.Expires.Value - now)}",
                $"after that, {Consequence}",
                "bebidactl kubeconfig renew --kubeconfig ADMIN",
                file
            );
        return credential.Expires <= now;
    }

    private async Task AskAsync(
        ClusterApi api,
        KubernetesConfiguration kubernetes,
        Credential credential,
        CancellationToken cancellationToken
    )
    {
        if (
            await api.TimeAsync(cancellationToken).ConfigureAwait(false) is { } theirs
            && (DateTimeOffset.UtcNow - theirs) is var skew
            && skew.Duration() > ToleratedSkew
        )
        {
            var what =
                $"the clock of {api.Address.Host} is {CredentialOutput.Seconds(skew.Duration())} {(skew > TimeSpan.Zero ? "behind" : "ahead of")} this host's";
            const string why = "certificates and tokens count as expired or not yet valid, and holds get wrong times";
            const string write = "timedatectl set-ntp true";
            if (skew.Duration() > HarmfulSkew)
                findings.Error("clocks/api-server", what, why, write, "the host whose clock is wrong");
            else
                findings.Warning("clocks/api-server", what, why, write, "the host whose clock is wrong");
        }
        var waits = site.Configuration!.Nodes.WaitUntilReady;
        var records = JournalFolder.IsUsed;
        Packaged = ManifestOptions.Of(credential);
        var options = Packaged with { RemoveNode = kubernetes.RemoveNode, WaitUntilReady = waits, Record = records };
        foreach (
            var right in new ManifestObjects(Manifests.Text(options)).Rights.Where(right => kubernetes.Events || right.Resource != "events")
        )
            if (!await api.MayAsync(right, cancellationToken).ConfigureAwait(false))
                findings.Error(
                    "kubernetes/right",
                    $"{Name(credential)} may not {right}",
                    $"needed for: {right.Why}",
                    Manifests.Command(options),
                    "an admin's host; add this identity to the subjects if it is another than the packaged one"
                );
        var tooMuch = new List<string>();
        foreach (var right in TooMuch)
            if (await api.MayAsync(right, cancellationToken).ConfigureAwait(false))
                tooMuch.Add(right.ToString());
        if (tooMuch.Count > 0)
            findings.Warning(
                "kubeconfig/too-powerful",
                $"{Name(credential)} may also {string.Join(", ", tooMuch)}",
                "whoever gets the file, or controls slurmctld, controls the cluster",
                $"bebidactl kubeconfig create --kubeconfig ADMIN --force",
                kubernetes.Kubeconfig
            );
    }

    private static string Name(Credential credential) => credential.Identity.Length > 0 ? credential.Identity : "its identity";
}
