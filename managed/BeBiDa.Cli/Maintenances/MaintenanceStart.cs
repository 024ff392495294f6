using System.Diagnostics;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Draining;
using BeBiDa.HandOver;
using BeBiDa.Standing;

namespace BeBiDa.Cli.Maintenances;

/// <summary>Takes nodes out of both: marks them, drains them in Slurm, holds them, and waits until their pods have left.</summary>
/// <param name="site">The nodes.</param>
/// <param name="reason">Why.</param>
/// <param name="until">Until when; null for unknown.</param>
/// <param name="patience">How long to wait for the pods; zero not to wait.</param>
/// <param name="progress">Told how far it is; may be null.</param>
internal sealed class MaintenanceStart(
    MaintenanceSite site,
    string reason,
    DateTimeOffset? until,
    TimeSpan patience,
    IProgress<HandOverProgress>? progress
)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    // As often as slurmctld's plugin looks: whatever comes between is drained again.
    private const int LookEvery = 5;

    /// <summary>Does it.</summary>
    /// <exception cref="ConfigurationException">One of the nodes cannot be taken out of both; then nothing has been done.</exception>
    public async Task<MaintenanceResult> RunAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var before = await site.ReadAsync(cancellationToken).ConfigureAwait(false);
        var problems = before.Select(Refusal).OfType<ConfigurationProblem>().ToList();
        if (problems.Count > 0)
            throw new ConfigurationException(problems);
        var failed = new List<string>();
        var marked = new List<ClusterNode>();
        foreach (var (node, mark) in before.Select(n => (n, MarkAsync(n, cancellationToken))).ToList())
            try
            {
                marked.Add(await mark.ConfigureAwait(false));
            }
            catch (ClusterException e)
            {
                failed.Add($"node {node.Name}: cannot mark it: {e.Message}");
            }
        failed.AddRange(await site.LookAsync(marked, looks: 1, cancellationToken).ConfigureAwait(false));
        var pods = await WaitAsync(marked, cancellationToken).ConfigureAwait(false);
        var after = await site.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new MaintenanceResult(
            "start",
            [.. after.Select(node => Outcome(node, pods))],
            [.. failed.Distinct(), .. pods.Select(Left)],
            Stopwatch.GetElapsedTime(began)
        );
    }

    private ConfigurationProblem? Refusal(NamedNode node) =>
        node switch
        {
            { Slurm: null } => new ConfigurationProblem($"{node.Name}: Slurm's cluster {site.Cluster} has no such node"),
            { Kubernetes: null } => new ConfigurationProblem(
                $"{node.Name}: Kubernetes has no such node, so there is nothing to mark (nodes.template, nodes.label and nodes.map define the names)"
            )
            {
                Run = $"scontrol update NodeName={node.Name} State=DRAIN Reason=\"{reason}\"",
            },
            _ when !site.IsLent(node.Name) => new ConfigurationProblem(
                $"{node.Name}: it is not lent (nodes.include, nodes.exclude), so Kubernetes and Slurm are none of each other's business there"
            )
            {
                Run = $"scontrol update NodeName={node.Name} State=DRAIN Reason=\"{reason}\"",
            },
            _ => null,
        };

    private Task<ClusterNode> MarkAsync(NamedNode node, CancellationToken cancellationToken) =>
        site.Kubernetes.MarkAsync(node.Kubernetes!.Node, site.Label, reason, until, cancellationToken);

    // Those that are still there when the time is over.
    private async Task<IReadOnlyList<Pod>> WaitAsync(IReadOnlyCollection<ClusterNode> nodes, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        for (var looks = 1; nodes.Count > 0; looks++)
        {
            var list = await site.Kubernetes.ListPodsAsync(nodes, cancellationToken).ConfigureAwait(false);
            // What tolerates an unschedulable node comes back to it: nobody waits for that, as with a job.
            IReadOnlyList<Pod> left = [.. list.Pods.Where(p => DrainRules.MustLeave(p) && !p.ToleratesUnschedulable)];
            progress?.Report(
                new HandOverProgress(
                    nodes.Count,
                    nodes.Count - left.Select(p => p.Node).Distinct().Count(),
                    left.Count(p => p.DeletionTimestamp is null),
                    left.Count(p => p.DeletionTimestamp is not null)
                )
            );
            if (left.Count == 0 || patience == TimeSpan.Zero)
                return [];
            if (Stopwatch.GetElapsedTime(began) > patience)
                return left;
            await Task.Delay(Between, cancellationToken).ConfigureAwait(false);
            if (looks % LookEvery == 0)
                await site.Standing.RepairAsync(cancellationToken).ConfigureAwait(false);
        }
        return [];
    }

    private string Left(Pod pod) =>
        DrainRules.ReasonToKeep(pod, site.Configuration.Eviction) is { } why
            ? $"node {pod.Node}: pod {pod} stays: it {why}"
            : $"node {pod.Node}: pod {pod} has not left after {Duration.Format(patience)}; "
                + (
                    pod.DeletionTimestamp is null
                        ? $"its eviction is refused: kubectl -n {pod.Namespace} get pdb"
                        : "it is terminating: kubectl get nodes tells whether its kubelet runs"
                )
                + "; the plugin and bebidactl reconcile keep asking";

    private MaintenanceNode Outcome(NamedNode node, IReadOnlyList<Pod> pods) =>
        new(
            node.Name,
            node.Kubernetes?.Node.Name,
            node.Slurm is { } slurm && (slurm.Conditions & NodeConditions.Drain) != 0,
            node.Slurm?.Reason ?? "",
            site.IsHeld(node),
            node.Kubernetes?.Node.Mark?.Reason,
            pods.Count(p => p.Node == node.Kubernetes?.Node.Name),
            Note(node)
        );

    private string? Note(NamedNode node)
    {
        if (node is not { Slurm: { } slurm, Kubernetes.Node.Mark: { } mark })
            return "no longer marked: somebody has removed the label";
        if (!MaintenanceRule.IsDrainedByUs(slurm) && (slurm.Conditions & NodeConditions.Drain) != 0)
            return $"drained in Slurm before ({slurm.Reason}), and so it stays in the end";
        if (!MaintenanceRule.IsDrainedByUs(slurm) && (slurm.Conditions & (NodeConditions.Down | NodeConditions.Fail)) != 0)
            return $"not in use in Slurm ({slurm.Reason}), and drained as soon as it is";
        return mark.Label == MaintenanceMark.LabelOf(reason)
            ? null
            : $"marked by somebody else before ({mark.Reason}), and so it stays in the end";
    }
}
