using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The columns of the resources that people look at.</summary>
internal static class Columns
{
    public static readonly Column[] Node =
    [
        Column.Name,
        new("Status", (json, _) => NodeStatus(json)),
        new("Roles", (json, _) => NodeRoles(json)),
        Column.Age,
        Column.Text("Version", 0, "status", "nodeInfo", "kubeletVersion"),
        new("Internal-IP", (json, _) => Address(json, "InternalIP"), Priority: 1),
        new("External-IP", (json, _) => Address(json, "ExternalIP"), Priority: 1),
        Column.Text("OS-Image", 1, "status", "nodeInfo", "osImage"),
        Column.Text("Kernel-Version", 1, "status", "nodeInfo", "kernelVersion"),
        Column.Text("Container-Runtime", 1, "status", "nodeInfo", "containerRuntimeVersion"),
    ];

    public static readonly Column[] Pod =
    [
        Column.Name,
        new("Ready", (json, _) => $"{ReadyContainers(json)}/{json.At("spec").Array("containers")?.Count ?? 0}"),
        new("Status", (json, _) => PodStatus(json)),
        new("Restarts", (json, _) => (Statuses(json).Sum(status => status.At("restartCount").Number()) ?? 0).ToString()),
        Column.Age,
        Column.Text("IP", 1, "status", "podIP"),
        Column.Text("Node", 1, "spec", "nodeName"),
        Column.Text("Nominated Node", 1, "status", "nominatedNodeName"),
        new("Readiness Gates", (_, _) => "<none>", Priority: 1),
    ];

    private static string NodeStatus(JsonObject node)
    {
        var ready = node.At("status")
            .Array("conditions")
            ?.FirstOrDefault(condition => condition.At("type").Text() == "Ready")
            .At("status")
            .Text();
        var status = ready switch
        {
            "True" => "Ready",
            null => "Unknown",
            _ => "NotReady",
        };
        return node.At("spec", "unschedulable").Flag() ? status + ",SchedulingDisabled" : status;
    }

    private static string NodeRoles(JsonObject node)
    {
        const string prefix = "node-role.kubernetes.io/";
        var labels = node.At("metadata", "labels") as JsonObject ?? [];
        var roles = labels
            .Select(label => label.Key)
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(key => key[prefix.Length..]);
        var joined = string.Join(',', roles.Order(StringComparer.Ordinal));
        return joined.Length > 0 ? joined : "<none>";
    }

    private static string Address(JsonObject node, string type) =>
        node.At("status").Array("addresses")?.FirstOrDefault(address => address.At("type").Text() == type).At("address").Text() ?? "<none>";

    private static IEnumerable<JsonNode?> Statuses(JsonObject pod) => pod.At("status").Array("containerStatuses") ?? [];

    private static int ReadyContainers(JsonObject pod) => Statuses(pod).Count(status => status.At("ready").Flag());

    private static string PodStatus(JsonObject pod)
    {
        if (pod.At("metadata", "deletionTimestamp") is not null)
            return "Terminating";
        var reason = Statuses(pod)
            .Select(status => status.At("state", "waiting", "reason").Text() ?? status.At("state", "terminated", "reason").Text())
            .FirstOrDefault(found => found is not null);
        return reason ?? pod.At("status", "reason").Text() ?? pod.At("status", "phase").Text() ?? "Unknown";
    }
}
