using System.Diagnostics;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Standing;

namespace BeBiDa.Cli.Maintenances;

/// <summary>Gives nodes back to both, but for what somebody else wants of them. Waits for nobody.</summary>
/// <param name="site">The nodes.</param>
internal sealed class MaintenanceEnd(MaintenanceSite site)
{
    // A hold is released at the second look that does not ask for it.
    private const int Looks = 2;

    /// <summary>Does it.</summary>
    /// <exception cref="ConfigurationException">Neither side knows one of the nodes; then nothing has been done.</exception>
    public async Task<MaintenanceResult> RunAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var before = await site.ReadAsync(cancellationToken).ConfigureAwait(false);
        var unknown = before.Where(n => n is { Slurm: null, Kubernetes: null }).ToList();
        if (unknown.Count > 0)
            throw new ConfigurationException([
                .. unknown.Select(n => new ConfigurationProblem(
                    $"{n.Name}: neither Slurm's cluster {site.Cluster} nor Kubernetes has such a node"
                )),
            ]);
        var problems = new List<string>();
        var others = new Dictionary<string, string>(StringComparer.Ordinal);
        var unmarked = new List<ClusterNode>();
        foreach (
            var (node, mark) in before.Where(n => n.Kubernetes is not null).Select(n => (n, UnmarkAsync(n, cancellationToken))).ToList()
        )
            try
            {
                if (await mark.ConfigureAwait(false) is { } other)
                    others[node.Name] = other;
                else
                    unmarked.Add(node.Kubernetes!.Node with { Mark = null });
            }
            catch (ClusterException e)
            {
                problems.Add($"node {node.Name}: cannot take the mark off it: {e.Message}");
            }
        problems.AddRange(await site.LookAsync(unmarked, Looks, cancellationToken).ConfigureAwait(false));
        // Where there is no Node that could have a label, this command is the word that it is over.
        foreach (var node in before.Where(n => n is { Kubernetes: null, Slurm: { } slurm } && MaintenanceRule.IsDrainedByUs(slurm)))
            if (await site.Changes.UndrainAsync([node.Name], MaintenanceRule.Ended, cancellationToken).ConfigureAwait(false) is { } problem)
                problems.Add($"node {node.Name}: cannot undrain it in Slurm: {problem}");
        problems.AddRange(
            others.Select(o =>
                $"node {o.Key}: still marked, by {o.Value}; run: kubectl label node {before.First(n => n.Name == o.Key).Kubernetes!.Node.Name} {site.Label}-"
            )
        );
        var after = await site.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new MaintenanceResult("end", [.. after.Select(Outcome)], [.. problems.Distinct()], Stopwatch.GetElapsedTime(began));
    }

    private Task<string?> UnmarkAsync(NamedNode node, CancellationToken cancellationToken) =>
        site.Kubernetes.UnmarkAsync(node.Kubernetes!.Node, site.Label, cancellationToken);

    private MaintenanceNode Outcome(NamedNode node) =>
        new(
            node.Name,
            node.Kubernetes?.Node.Name,
            node.Slurm is { } slurm && (slurm.Conditions & NodeConditions.Drain) != 0,
            node.Slurm?.Reason ?? "",
            site.IsHeld(node),
            node.Kubernetes?.Node.Mark?.Reason,
            0,
            Note(node)
        );

    private static string? Note(NamedNode node)
    {
        var notes = new List<string>();
        if (node.Slurm is null)
            notes.Add("Slurm has no such node");
        else if (node.Kubernetes?.Node.Mark is null && (node.Slurm.Conditions & NodeConditions.Drain) != 0)
            notes.Add($"stays drained in Slurm ({node.Slurm.Reason})");
        else if ((node.Slurm.Conditions & NodeConditions.Down) != 0)
            notes.Add($"is DOWN in Slurm ({node.Slurm.Reason}); when it is well: scontrol update NodeName={node.Name} State=RESUME");
        if (node.Kubernetes is null)
            notes.Add("Kubernetes has no such node");
        else if (node.Kubernetes.Holds.Count > 0)
            notes.Add($"still held by {string.Join(", ", node.Kubernetes.Holds.Select(h => h.Key.ForPeople))}");
        else if (node.Kubernetes.Unschedulable)
            notes.Add("stays cordoned in Kubernetes, by somebody else");
        return notes.Count == 0 ? null : string.Join("; ", notes);
    }
}
