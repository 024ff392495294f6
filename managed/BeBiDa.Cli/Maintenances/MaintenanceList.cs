using System.Text.Json;
using System.Text.Json.Serialization;
using BeBiDa.Cli.Slurm;
using BeBiDa.Cluster;
using BeBiDa.Holds;
using BeBiDa.Standing;
using Spectre.Console;

namespace BeBiDa.Cli.Maintenances;

/// <summary>The nodes in maintenance: those that are marked, and those that are still drained with our reason.</summary>
internal static class MaintenanceList
{
    public static async Task<IReadOnlyList<MaintenanceRow>> ReadAsync(Site site, string cluster, CancellationToken cancellationToken)
    {
        var slurm = await new ScontrolConditions(cluster).ReadAsync(cancellationToken).ConfigureAwait(false);
        var words = await RunningSlurm.NodesAsync(cancellationToken).ConfigureAwait(false);
        var nodes = (await site.Cluster.ReadStatusAsync(cancellationToken).ConfigureAwait(false)).ToDictionary(
            n => n.Node.Name,
            StringComparer.Ordinal
        );
        var directory = new NodeDirectory();
        directory.Replace([.. nodes.Values.Select(n => n.Node)]);
        var rows = new List<MaintenanceRow>();
        foreach (var node in slurm.Nodes)
        {
            var known = site.Names.Find(node.Name, directory) is { } found ? nodes[found.Name] : null;
            if (known?.Node.Mark is null && !MaintenanceRule.IsDrainedByUs(node))
                continue;
            var hold = known?.Holds.FirstOrDefault(h => h.Key == new HoldKey(cluster, Holders.Maintenance));
            rows.Add(
                new MaintenanceRow(
                    node.Name,
                    known?.Node.Name,
                    hold?.Since,
                    known?.Node.Mark?.Until,
                    known?.Node.Mark?.Reason,
                    words?.GetValueOrDefault(node.Name) ?? "",
                    node.Reason,
                    hold is not null,
                    known is null ? 0 : known.Pods - known.Tolerating
                )
            );
        }
        return rows;
    }

    public static void Print(IReadOnlyList<MaintenanceRow> rows, OutputFormat format, DateTimeOffset now)
    {
        if (format == OutputFormat.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize([.. rows], OutputJson.Default.ListMaintenanceRow));
            return;
        }
        if (rows.Count == 0)
        {
            Console.Out.WriteLine("no node is in maintenance");
            return;
        }
        var table = new Table().Border(TableBorder.None).NoSafeBorder();
        foreach (var column in new[] { "NODE", "SINCE", "UNTIL", "REASON", "IN SLURM" })
            table.AddColumn(new TableColumn(column).PadLeft(0).PadRight(3).NoWrap());
        table.AddColumn(new TableColumn("PODS LEFT").PadLeft(0).PadRight(0).RightAligned());
        foreach (var row in rows)
            table.AddRow(
                Markup.Escape(row.Node),
                row.Since is { } since ? StatusTable.Age(now - since) : "-",
                Markup.Escape(row.Until is { } until ? Until(until, now) : "-"),
                Markup.Escape(row.Reason ?? "- (not marked)"),
                Markup.Escape(row.SlurmReason.Length == 0 ? row.SlurmState : $"{row.SlurmState}: {row.SlurmReason}"),
                row.PodsLeft.ToString(System.Globalization.CultureInfo.InvariantCulture)
            );
        AnsiConsole.Write(table);
    }

    private static string Until(DateTimeOffset until, DateTimeOffset now) =>
        until < now ? $"{Hold.FormatTime(until)} (over)" : Hold.FormatTime(until);
}

/// <summary>A node in maintenance; times as RFC 3339.</summary>
/// <param name="Node">Slurm's name.</param>
/// <param name="KubernetesNode">Kubernetes' name; null where it knows none.</param>
/// <param name="Since">Since when it is held for it; null where it is not.</param>
/// <param name="Until">Until when, where that was said.</param>
/// <param name="Reason">Why; null where it is not marked any more.</param>
/// <param name="SlurmState">Its state in Slurm, as sinfo says it.</param>
/// <param name="SlurmReason">Slurm's reason: ours, or that of somebody else.</param>
/// <param name="Held">Whether it is held in Kubernetes.</param>
/// <param name="PodsLeft">How many pods have not left.</param>
internal sealed record MaintenanceRow(
    string Node,
    string? KubernetesNode,
    DateTimeOffset? Since,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until,
    string? Reason,
    string SlurmState,
    string SlurmReason,
    bool Held,
    int PodsLeft
);
