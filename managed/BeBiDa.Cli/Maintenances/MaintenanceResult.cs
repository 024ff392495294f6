using System.Text.Json;
using System.Text.Json.Serialization;

namespace BeBiDa.Cli.Maintenances;

/// <summary>How one node is after a start or an end.</summary>
/// <param name="Node">Slurm's name.</param>
/// <param name="KubernetesNode">Kubernetes' name; null where it knows none.</param>
/// <param name="Drained">Whether it is DRAIN in Slurm.</param>
/// <param name="SlurmReason">Slurm's reason; may be empty.</param>
/// <param name="Held">Whether it is held in Kubernetes for maintenance.</param>
/// <param name="Reason">Why it is marked; null where it is not.</param>
/// <param name="PodsLeft">How many pods have not left.</param>
/// <param name="Note">What an admin would not expect; null for nothing.</param>
internal sealed record MaintenanceNode(
    string Node,
    string? KubernetesNode,
    bool Drained,
    string SlurmReason,
    bool Held,
    string? Reason,
    int PodsLeft,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Note
);

/// <summary>How a start or an end went.</summary>
/// <param name="Verb">start or end.</param>
/// <param name="Nodes">The nodes.</param>
/// <param name="Problems">What failed.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record MaintenanceResult(
    string Verb,
    IReadOnlyList<MaintenanceNode> Nodes,
    IReadOnlyList<string> Problems,
    TimeSpan Elapsed
)
{
    /// <summary>Prints it.</summary>
    /// <returns>What the process exits with.</returns>
    public int Print(OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Console.Out.WriteLine(
                JsonSerializer.Serialize(
                    new MaintenanceJson(Verb, Nodes, Math.Round(Elapsed.TotalSeconds, 3), Problems),
                    OutputJson.Default.MaintenanceJson
                )
            );
            return Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        var nodes = Nodes.Count == 1 ? "1 node" : $"{Nodes.Count} nodes";
        Console.Out.WriteLine(
            (Verb, Problems.Count) switch
            {
                ("start", 0) => $"{nodes} in maintenance: drained in Slurm, held in Kubernetes ({Elapsed.TotalSeconds:0.0} s)",
                ("start", _) => $"{nodes}: maintenance has begun, but not everywhere ({Elapsed.TotalSeconds:0.0} s)",
                (_, 0) => $"{nodes}: maintenance has ended",
                _ => $"{nodes}: maintenance has not ended everywhere",
            }
        );
        foreach (var node in Nodes.Where(n => n.Note is not null))
            Console.Out.WriteLine($"{node.Node}: {node.Note}");
        foreach (var problem in Problems)
            Console.Error.WriteLine($"bebidactl: {problem}");
        return Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}

/// <summary>The same for programs; the time in seconds.</summary>
internal sealed record MaintenanceJson(
    string Maintenance,
    IReadOnlyList<MaintenanceNode> Nodes,
    double Elapsed,
    IReadOnlyList<string> Problems
);
