using System.Globalization;
using System.Text.Json.Nodes;
using BeBiDa.Cli.Credentials;
using BeBiDa.Cli.Slurm;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Checks;

/// <summary>Slurm's nodes against Kubernetes' nodes: names, and clocks.</summary>
internal sealed class NodeChecks(CheckedSite site, ClusterApi api, Findings findings)
{
    private const int Page = 250;
    private const int NamesShown = 8;

    // kubelet writes its conditions every five minutes if nothing changes (nodeStatusReportFrequency).
    private static readonly TimeSpan OldestHeartbeat = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ToleratedSkew = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var configuration = site.Configuration!;
        List<JsonNode> nodes;
        try
        {
            nodes = await NodesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException e)
        {
            findings.Skip("node names", e.Message);
            return;
        }
        findings.Look("node clocks");
        Clocks(nodes, await api.TimeAsync(cancellationToken).ConfigureAwait(false) ?? DateTimeOffset.UtcNow);
        if (await RunningSlurm.NodesAsync(cancellationToken).ConfigureAwait(false) is not { } slurm)
        {
            findings.Skip("node names", "slurmctld does not answer");
            return;
        }
        findings.Look("node names");
        Names(configuration, nodes, slurm);
    }

    private async Task<List<JsonNode>> NodesAsync(CancellationToken cancellationToken)
    {
        var nodes = new List<JsonNode>();
        for (var next = ""; ; )
        {
            var page = await api.GetAsync($"api/v1/nodes?limit={Page}{next}", cancellationToken).ConfigureAwait(false);
            nodes.AddRange((page?["items"] as JsonArray ?? []).OfType<JsonObject>());
            if (page?["metadata"]?["continue"]?.GetValue<string>() is not { Length: > 0 } more)
                return nodes;
            next = $"&continue={Uri.EscapeDataString(more)}";
        }
    }

    private void Names(BebidaConfiguration configuration, List<JsonNode> nodes, IReadOnlyDictionary<string, string> slurm)
    {
        var directory = new NodeDirectory();
        directory.Replace([
            .. nodes.Select(node => new ClusterNode(
                Name(node),
                node["metadata"]!["uid"]?.GetValue<string>() ?? "",
                configuration.Nodes.Label.Length > 0 ? node["metadata"]!["labels"]?[configuration.Nodes.Label]?.GetValue<string>() : null
            )),
        ]);
        var (names, policy) = (new NodeNames(configuration.Nodes), new JobPolicy(configuration.Jobs, configuration.Nodes));
        var lent = slurm.Keys.Where(policy.Counts).ToList();
        // One that a job has is not there while it has it.
        var unknown = lent.Where(node =>
                names.Find(node, directory) is null && !(configuration.Kubernetes.RemoveNode && slurm[node] is not "idle")
            )
            .ToList();
        if (lent.Count == 0)
            findings.Error(
                "nodes/none",
                "nodes.include and nodes.exclude match no Slurm node",
                "no node is ever handed over",
                "include: [\"*\"]",
                site.Under("nodes")
            );
        else if (unknown.Count == lent.Count)
            findings.Error(
                "nodes/names",
                $"Kubernetes has none of Slurm's nodes ({Shown(unknown)}); it has {Shown([.. nodes.Select(Name)])}",
                "no node is ever handed over; pods keep running beside jobs",
                $"template: \"{{node}}{Suffix(unknown, nodes)}\"",
                site.Under("nodes")
            );
        else if (unknown.Count > 0)
            findings.Warning(
                "nodes/names",
                $"Kubernetes has no node for {Shown(unknown)}",
                "they are not handed over; if Kubernetes has them under other names, their pods keep running beside jobs",
                $"exclude: [{string.Join(", ", configuration.Nodes.Exclude.Concat(unknown))}]; or, with their names in Kubernetes, map: {{{unknown[0]}: NAME}}",
                site.Under("nodes")
            );
        var strangers = configuration.Nodes.Map.Keys.Where(node => !slurm.ContainsKey(node)).ToList();
        if (strangers.Count > 0)
            findings.Warning(
                "nodes/map",
                $"nodes.map names {Shown(strangers)}, which Slurm does not have",
                "a misspelled name matches no node; the real node falls back to nodes.template",
                $"map: {{{Closest(strangers[0], slurm.Keys)}: {configuration.Nodes.Map[strangers[0]]}}}",
                site.Under("nodes")
            );
    }

    private void Clocks(List<JsonNode> nodes, DateTimeOffset now)
    {
        foreach (var node in nodes)
        {
            if (
                (node["status"]?["conditions"] as JsonArray)?.FirstOrDefault(condition => condition?["type"]?.GetValue<string>() == "Ready")
                    is not { } ready
                || ready["status"]?.GetValue<string>() != "True"
                || !DateTimeOffset.TryParse(ready["lastHeartbeatTime"]?.GetValue<string>(), CultureInfo.InvariantCulture, out var heartbeat)
            )
                continue;
            if (heartbeat - now > ToleratedSkew)
                Wrong(
                    node,
                    $"the clock of {Name(node)} is ahead: its last heartbeat is {CredentialOutput.Seconds(heartbeat - now)} ahead of the API server's clock"
                );
            else if (now - heartbeat > OldestHeartbeat)
                Wrong(
                    node,
                    $"the clock of {Name(node)} is behind: the node is ready, but its last heartbeat is {CredentialOutput.Seconds(now - heartbeat)} old"
                );
        }
    }

    private void Wrong(JsonNode node, string what) =>
        findings.Warning(
            "clocks/node",
            what,
            "munge rejects hosts whose clocks differ by minutes, and Kubernetes gives the node up for lost; jobs and pods end",
            "timedatectl set-ntp true",
            Name(node)
        );

    // What Kubernetes' names have behind Slurm's, as far as there is one thing.
    private static string Suffix(List<string> slurm, List<JsonNode> nodes) =>
        slurm
            .Select(name =>
                nodes.Select(Name).FirstOrDefault(node => node.StartsWith(name + ".", StringComparison.OrdinalIgnoreCase))?[name.Length..]
            )
            .OfType<string>()
            .FirstOrDefault()
        ?? ".example.org";

    private static string Closest(string wrong, IEnumerable<string> names) =>
        names
            .OrderByDescending(name => name.Zip(wrong).TakeWhile(pair => pair.First == pair.Second).Count())
            .ThenBy(name => name, StringComparer.Ordinal)
            .FirstOrDefault()
        ?? "NODE";

    private static string Name(JsonNode node) => node["metadata"]!["name"]!.GetValue<string>();

    private static string Shown(IReadOnlyList<string> names) =>
        names.Count == 0
            ? "none"
            : string.Join(", ", names.Order(StringComparer.Ordinal).Take(NamesShown))
                + (names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : "");
}
