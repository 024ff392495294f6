using BeBiDa.Cli.Credentials;
using BeBiDa.Cluster;

namespace BeBiDa.Cli.Checks;

/// <summary>Whether the API server limits BeBiDa's requests apart from other clients' (packaging/kubernetes/flow-control.yaml).</summary>
/// <remarks>Every answer names its FlowSchema. So nothing need be read that the identity may not read.</remarks>
internal sealed class FlowControlChecks(ClusterApi api, ManifestOptions manifests, Findings findings)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? ofPods,
            ofAllElse;
        try
        {
            ofPods = await api.FlowSchemaAsync("api/v1/pods?limit=1", cancellationToken).ConfigureAwait(false);
            ofAllElse = await api.FlowSchemaAsync("version", cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException e)
        {
            findings.Skip("flow control", e.Message);
            return;
        }
        // A server without flow control (--enable-priority-and-fairness=false) names none.
        if (ofPods is null)
            return;
        findings.Look("flow control");
        if (ofPods == ofAllElse)
            findings.Warning(
                "kubernetes/flow-control",
                "BeBiDa's requests have no FlowSchema of their own",
                "a hand-over of many nodes delays other clients, and an eviction webhook that hangs can delay holds",
                Manifests.Command(manifests with { FlowControl = true }),
                "the cluster, as an admin"
            );
    }
}
