using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Jobs;

namespace BeBiDa.Cli;

/// <summary>Prints how a hand-over ended.</summary>
internal static class Results
{
    public static void Print(HandOverResult result, Job job, string verb, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Console.Out.WriteLine(
                JsonSerializer.Serialize(
                    new HandOverJson(
                        verb,
                        job.Id,
                        job.Task,
                        job.Cluster,
                        result.Outcome,
                        result.Nodes,
                        result.PodsEvicted,
                        Math.Round(result.Elapsed.TotalSeconds, 3),
                        [.. result.Problems.Select(problem => problem.ToString())]
                    ),
                    OutputJson.Default.HandOverJson
                )
            );
            return;
        }
        var nodes = result.Nodes.Count == 1 ? "1 node" : $"{result.Nodes.Count} nodes";
        Console.Out.WriteLine(
            result.Outcome switch
            {
                HandOverOutcome.Done =>
                    $"job {job.Number}: {nodes} {verb}ed in {result.Elapsed.TotalSeconds:0.00} s{(result.PodsEvicted > 0 ? $", {result.PodsEvicted} pods evicted" : "")}",
                HandOverOutcome.NothingToDo => $"job {job.Number}: nothing to do: Kubernetes knows none of its nodes",
                HandOverOutcome.Superseded => $"job {job.Number}: superseded by a later hand-over of this job",
                _ => $"job {job.Number}: {verb} failed after {result.Elapsed.TotalSeconds:0.00} s",
            }
        );
        foreach (var problem in result.Problems)
            Console.Error.WriteLine($"bebidactl: {problem}");
    }
}

/// <summary>A hand-over's result for programs; times in seconds.</summary>
internal sealed record HandOverJson(
    string HandOver,
    uint Job,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] uint? Task,
    string Cluster,
    HandOverOutcome Outcome,
    IReadOnlyList<string> Nodes,
    int PodsEvicted,
    double Elapsed,
    IReadOnlyList<string> Problems
);

/// <summary>A node's status for programs; times as RFC 3339.</summary>
internal sealed record NodeStatusJson(
    string Node,
    string KubernetesNode,
    Kubernetes.NodeOwner Owner,
    bool Ready,
    bool Schedulable,
    IReadOnlyList<HoldJson> Holds,
    int Pods,
    int ToleratingPods
);

/// <summary>A hold for programs: a job's, or one with a holder and a reason.</summary>
internal sealed record HoldJson(
    string Cluster,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] uint? Job,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] uint? Task,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Holder,
    DateTimeOffset? Since,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Why
)
{
    public static HoldJson Of(Hold hold) =>
        new(
            hold.Key.Cluster,
            hold.Key.IsJob ? hold.Key.JobId : null,
            hold.Key.Task,
            hold.Key.Holder,
            hold.Since,
            hold.Reason?.Until,
            hold.Reason?.Why
        );
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(HandOverJson))]
[JsonSerializable(typeof(List<NodeStatusJson>))]
[JsonSerializable(typeof(ReconcileJson))]
[JsonSerializable(typeof(Maintenances.MaintenanceJson))]
[JsonSerializable(typeof(List<Maintenances.MaintenanceRow>))]
[JsonSerializable(typeof(Credentials.CredentialJson))]
[JsonSerializable(typeof(Checks.CheckJson))]
[JsonSerializable(typeof(Forecasts.ForecastJson))]
internal sealed partial class OutputJson : JsonSerializerContext;
