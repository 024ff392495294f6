using BeBiDa.Cli.Credentials;
using BeBiDa.Cluster;
using BeBiDa.Draining;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Checks;

/// <summary>Pods that a hold does not keep away.</summary>
internal sealed class PodChecks(CheckedSite site, ClusterApi api, Findings findings)
{
    private const int OwnersShown = 5;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Pod> pods;
        try
        {
            pods = await api.PodsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException e)
        {
            findings.Skip("pods", e.Message);
            return;
        }
        findings.Look("pods");
        var (names, policy) = (new NodeNames(site.Configuration!.Nodes), new JobPolicy(site.Configuration.Jobs, site.Configuration.Nodes));
        var owners = pods.Where(pod =>
                DrainRules.MustLeave(pod) && pod.ToleratesUnschedulable && policy.Counts(names.SlurmNameOf(new ClusterNode(pod.Node, "")))
            )
            .Select(pod => pod.Controller.Length > 0 ? $"{pod.Namespace}/{pod.Controller}" : $"{pod.Namespace}/Pod/{pod.Name}")
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (owners.Count > 0)
            findings.Warning(
                "pods/tolerate-unschedulable",
                $"{string.Join(", ", owners.Take(OwnersShown))}{(owners.Count > OwnersShown ? $" and {owners.Count - OwnersShown} more" : "")}: pods on lent nodes tolerate the taint node.kubernetes.io/unschedulable",
                "the scheduler puts them back on held nodes, where they run beside the job unless kubelet is stopped",
                "delete that toleration from the pod template, or make it a DaemonSet",
                "the owners' manifests"
            );
    }
}
