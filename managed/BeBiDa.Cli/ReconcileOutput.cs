using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.Reconciliation;
using Spectre.Console;

namespace BeBiDa.Cli;

/// <summary>Prints what a reconciliation has done, or would do.</summary>
internal static class ReconcileOutput
{
    public static void Print(ReconcileResult result, string cluster, bool dryRun, OutputFormat format)
    {
        if (format == OutputFormat.Json)
            Console.Out.WriteLine(
                JsonSerializer.Serialize(
                    new ReconcileJson(
                        cluster,
                        dryRun,
                        [
                            .. result.Outcomes.Select(o => new RepairJson(
                                o.Repair.Node,
                                o.Repair.KubernetesNode.Name,
                                o.Repair.Hold.Key.IsJob ? o.Repair.Hold.Key.JobId : null,
                                o.Repair.Hold.Key.Holder,
                                o.Repair.Action,
                                o.Repair.Why,
                                !dryRun && o.Problem is null && o.Repair.Action != RepairAction.LeaveAlone,
                                o.Problem
                            )),
                        ],
                        result.Problem
                    ),
                    OutputJson.Default.ReconcileJson
                )
            );
        else if (result.Outcomes.Count > 0)
            PrintTable(result.Outcomes, dryRun);
        else if (result.Problem is null)
            Console.Out.WriteLine($"nothing to repair: all holds agree with the jobs and nodes of Slurm's cluster {cluster}");
        if (format == OutputFormat.Json)
            return;
        foreach (var problem in result.Outcomes.Select(o => o.Problem).Append(result.Problem).Where(p => p is not null).Distinct())
            Console.Error.WriteLine($"bebidactl: {problem}");
    }

    private static void PrintTable(IReadOnlyList<RepairOutcome> outcomes, bool dryRun)
    {
        // A pipe has no width: lines are never broken for it.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = int.MaxValue / 2;
        var table = new Table().Border(TableBorder.None).NoSafeBorder();
        foreach (var column in new[] { "NODE", "HOLDER", dryRun ? "WOULD BE" : "WAS" })
            table.AddColumn(new TableColumn(column).PadLeft(0).PadRight(3).NoWrap());
        table.AddColumn(new TableColumn("WHY").PadLeft(0).PadRight(0));
        foreach (var (repair, problem) in outcomes)
            table.AddRow(
                Markup.Escape(repair.Node),
                repair.Hold.Key.ForPeople,
                Word(repair, problem is not null),
                Markup.Escape(repair.Why)
            );
        AnsiConsole.Write(table);
    }

    private static string Word(Repair repair, bool failed) =>
        (repair.Action, failed) switch
        {
            (RepairAction.Release, false) => "[green]released[/]",
            (RepairAction.Release, true) => "[red]not released[/]",
            (RepairAction.Hold, false) => repair.Hold.Key.IsJob ? "[blue]held again[/]" : "[blue]held[/]",
            (RepairAction.Hold, true) => repair.Hold.Key.IsJob ? "[red]not held again[/]" : "[red]not held[/]",
            (RepairAction.Drain, false) => "[blue]drained in Slurm[/]",
            (RepairAction.Drain, true) => "[red]not drained in Slurm[/]",
            (RepairAction.Undrain, false) => "[green]undrained in Slurm[/]",
            (RepairAction.Undrain, true) => "[red]not undrained in Slurm[/]",
            _ => "[grey]left alone[/]",
        };
}

/// <summary>A reconciliation's result for programs.</summary>
internal sealed record ReconcileJson(string Cluster, bool DryRun, IReadOnlyList<RepairJson> Repairs, string? Problem);

/// <summary>One repair for programs: of a job's hold, or of a holder's.</summary>
internal sealed record RepairJson(
    string Node,
    string KubernetesNode,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] uint? Job,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Holder,
    RepairAction Action,
    string Why,
    bool Done,
    string? Problem
);
