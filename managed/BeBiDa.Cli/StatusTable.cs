using BeBiDa.Cluster;
using BeBiDa.Kubernetes;
using Spectre.Console;

namespace BeBiDa.Cli;

/// <summary>The table of <c>bebidactl status</c>.</summary>
internal static class StatusTable
{
    public static Table Of(NodeNames names, IReadOnlyList<NodeStatus> nodes, DateTimeOffset now)
    {
        var table = new Table().Border(TableBorder.None).NoSafeBorder();
        foreach (var column in new[] { "NODE", "IN KUBERNETES", "HELD BY", "SINCE" })
            table.AddColumn(new TableColumn(column).PadLeft(0).PadRight(3).NoWrap());
        table.AddColumn(new TableColumn("PODS").PadLeft(0).PadRight(0).RightAligned());
        foreach (var node in nodes)
        {
            var since = node.Holds.Select(h => h.Since).Where(s => s is not null).Min();
            table.AddRow(
                Markup.Escape(names.SlurmNameOf(node.Node)),
                Owner(node),
                Markup.Escape(node.Holds.Count == 0 ? "-" : string.Join(", ", node.Holds.Select(h => h.Key.ToString()))),
                since is { } time ? Age(now - time) : "-",
                node.Pods.ToString(System.Globalization.CultureInfo.InvariantCulture)
            );
        }
        return table;
    }

    // Colour only says again what the word says.
    private static string Owner(NodeStatus node) =>
        node.Owner switch
        {
            NodeOwner.Kubernetes => "[green]schedulable[/]",
            NodeOwner.Leaving => "[yellow]pods leaving[/]",
            NodeOwner.Slurm when node.Tolerating > 0 => "[blue]held[/], pods tolerate it",
            NodeOwner.Slurm => "[blue]held[/]",
            NodeOwner.Cordoned => "[grey]cordoned[/]",
            _ => "[red]held, but uncordoned[/]",
        } + (node.Ready ? "" : ", not ready");

    // As kubectl writes ages: the two biggest units.
    private static string Age(TimeSpan age) =>
        age switch
        {
            { TotalSeconds: < 120 } => $"{Math.Max(0, (int)age.TotalSeconds)}s",
            { TotalMinutes: < 60 } => $"{(int)age.TotalMinutes}m{age.Seconds}s",
            { TotalHours: < 48 } => $"{(int)age.TotalHours}h{age.Minutes}m",
            _ => $"{(int)age.TotalDays}d{age.Hours}h",
        };
}
