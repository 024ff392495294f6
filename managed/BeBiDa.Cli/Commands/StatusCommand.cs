using System.CommandLine;
using System.Text.Json;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Kubernetes;
using Spectre.Console;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl status</c>: who has which node.</summary>
internal static class StatusCommand
{
    private const string Examples = """
        # Who has which node
        bebidactl status

        # Only some nodes, kept up to date until Ctrl-C
        bebidactl status n1 n2 --watch

        # Nodes that a job holds, for a program
        bebidactl status --output json | jq -r '.[] | select(.holds != []) | .node'
        """;

    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    public static Command Create(GlobalOptions globals)
    {
        var only = new Argument<string[]>("nodes")
        {
            Description = "Nodes to show, by their names in Slurm (default: all nodes in Kubernetes)",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var watch = new Option<bool>("--watch", "-w") { Description = "Update the table every second until Ctrl-C" };
        var command = new ExemplifiedCommand(
            "status",
            "Show who has each node: Kubernetes, a job, Slurm for another reason, or an admin.",
            Examples
        )
        {
            only,
            watch,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var site = Site.Open(parsed.GetValue(globals.Config), globals.Log(parsed));
                var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (var list in parsed.GetValue(only) ?? [])
                    names.UnionWith(await NodeList.ExpandAsync(list, cancellationToken).ConfigureAwait(false));

                var nodes = await ReadAsync(site, names, cancellationToken).ConfigureAwait(false);
                var missing = names
                    .Where(name => !nodes.Any(n => string.Equals(site.Names.SlurmNameOf(n.Node), name, StringComparison.OrdinalIgnoreCase)))
                    .ToList();
                if (missing.Count > 0)
                    throw new ConfigurationException(
                        $"Kubernetes has no node for {string.Join(", ", missing)} (nodes.template, nodes.label and nodes.map define the names)"
                    );

                // A pipe has no width: lines are never broken for it.
                if (Console.IsOutputRedirected)
                    AnsiConsole.Profile.Width = int.MaxValue / 2;
                if (parsed.GetValue(globals.Output) == OutputFormat.Json)
                    PrintJson(site, nodes);
                else if (parsed.GetValue(watch))
                    await WatchAsync(site, names, nodes, cancellationToken).ConfigureAwait(false);
                else
                    AnsiConsole.Write(StatusTable.Of(site.Names, nodes, DateTimeOffset.UtcNow));
                return ExitCode.Done;
            }
        );
        return command;
    }

    private static async Task<IReadOnlyList<NodeStatus>> ReadAsync(Site site, HashSet<string> names, CancellationToken cancellationToken)
    {
        var nodes = await site.Cluster.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
        return names.Count == 0 ? nodes : [.. nodes.Where(n => names.Contains(site.Names.SlurmNameOf(n.Node)))];
    }

    private static async Task WatchAsync(
        Site site,
        HashSet<string> names,
        IReadOnlyList<NodeStatus> nodes,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await AnsiConsole
                .Live(StatusTable.Of(site.Names, nodes, DateTimeOffset.UtcNow))
                .StartAsync(async live =>
                {
                    while (true)
                    {
                        await Task.Delay(Refresh, cancellationToken).ConfigureAwait(false);
                        try
                        {
                            nodes = await ReadAsync(site, names, cancellationToken).ConfigureAwait(false);
                            live.UpdateTarget(StatusTable.Of(site.Names, nodes, DateTimeOffset.UtcNow));
                        }
                        catch (ClusterException e) when (e.IsTransient)
                        {
                            // The last state stays on the screen, with why it is not newer.
                            live.UpdateTarget(StatusTable.Of(site.Names, nodes, DateTimeOffset.UtcNow).Caption(Markup.Escape(e.Message)));
                        }
                    }
                })
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is how a watch ends.
        }
    }

    private static void PrintJson(Site site, IReadOnlyList<NodeStatus> nodes) =>
        Console.Out.WriteLine(
            JsonSerializer.Serialize(
                nodes
                    .Select(n => new NodeStatusJson(
                        site.Names.SlurmNameOf(n.Node),
                        n.Node.Name,
                        n.Owner,
                        n.Ready,
                        !n.Unschedulable,
                        [.. n.Holds.Select(HoldJson.Of)],
                        n.Pods,
                        n.Tolerating
                    ))
                    .ToList(),
                OutputJson.Default.ListNodeStatusJson
            )
        );
}
