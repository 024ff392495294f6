using BeBiDa.Cluster;
using BeBiDa.Holds;
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
        var reasons = nodes.Any(n => n.Holds.Any(h => !h.Key.IsJob));
        table.AddColumn(new TableColumn("PODS").PadLeft(0).PadRight(reasons ? 3 : 0).RightAligned());
        if (reasons)
            table.AddColumn(new TableColumn("WHY").PadLeft(0).PadRight(0).NoWrap());
        foreach (var node in nodes)
        {
            var since = node.Holds.Select(h => h.Since).Where(s => s is not null).Min();
            List<string> cells =
            [
                Markup.Escape(names.SlurmNameOf(node.Node)),
                Owner(node),
                Markup.Escape(node.Holds.Count == 0 ? "-" : string.Join(", ", node.Holds.Select(h => h.Key.ToString()))),
                since is { } time ? Age(now - time) : "-",
                node.Pods.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ];
            if (reasons)
                cells.Add(Markup.Escape(string.Join(", ", node.Holds.Select(h => h.Reason).OfType<HoldReason>().Select(r => r.ForPeople))));
            table.AddRow([.. cells]);
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
    public static string Age(TimeSpan age) =>
        age switch
        {
            { TotalSeconds: < 120 } => $"{Math.Max(0, (int)age.TotalSeconds)}s",
            { TotalMinutes: < 60 } => $"{(int)age.TotalMinutes}m{age.Seconds}s",
            { TotalHours: < 48 } => $"{(int)age.TotalHours}h{age.Minutes}m",
            _ => $"{(int)age.TotalDays}d{age.Hours}h",
        };
}
