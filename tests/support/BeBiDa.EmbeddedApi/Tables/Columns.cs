using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Tables;

/// <summary>The columns of the resources that people look at.</summary>
internal static class Columns
{
    public static readonly Column[] Namespace = [Column.Name, Column.Text("Status", 0, "status", "phase"), Column.Age];

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

    public static readonly Column[] Deployment =
    [
        Column.Name,
        new("Ready", (json, _) => $"{json.At("status", "readyReplicas").Number() ?? 0}/{json.At("spec", "replicas").Number() ?? 0}"),
        Column.Number("Up-to-date", "status", "updatedReplicas"),
        Column.Number("Available", "status", "availableReplicas"),
        Column.Age,
    ];

    public static readonly Column[] ReplicaSet =
    [
        Column.Name,
        Column.Number("Desired", "spec", "replicas"),
        Column.Number("Current", "status", "replicas"),
        Column.Number("Ready", "status", "readyReplicas"),
        Column.Age,
    ];

    public static readonly Column[] DaemonSet =
    [
        Column.Name,
        Column.Number("Desired", "status", "desiredNumberScheduled"),
        Column.Number("Current", "status", "currentNumberScheduled"),
        Column.Number("Ready", "status", "numberReady"),
        Column.Number("Up-to-date", "status", "updatedNumberScheduled"),
        Column.Number("Available", "status", "numberAvailable"),
        new("Node Selector", (json, _) => Pairs(json.At("spec", "template", "spec", "nodeSelector") as JsonObject)),
        Column.Age,
    ];

    public static readonly Column[] DisruptionBudget =
    [
        Column.Name,
        new("Min Available", (json, _) => Either(json.At("spec", "minAvailable"))),
        new("Max Unavailable", (json, _) => Either(json.At("spec", "maxUnavailable"))),
        Column.Number("Allowed Disruptions", "status", "disruptionsAllowed"),
        Column.Age,
    ];

    public static readonly Column[] Event =
    [
        new(
            "Last Seen",
            (json, now) =>
                Column.Since(
                    json.At("series", "lastObservedTime").Text()
                        ?? json.Text("lastTimestamp")
                        ?? json.Text("eventTime")
                        ?? json.At("metadata", "creationTimestamp").Text(),
                    now
                )
        ),
        Column.Text("Type", 0, "type"),
        Column.Text("Reason", 0, "reason"),
        new(
            "Object",
            (json, _) => $"{json.At("involvedObject", "kind").Text()?.ToLowerInvariant()}/{json.At("involvedObject", "name").Text()}"
        ),
        Column.Text("Message", 0, "message"),
        Column.Name with
        {
            Priority = 1,
        },
    ];

    public static readonly Column[] Lease = [Column.Name, Column.Text("Holder", 0, "spec", "holderIdentity"), Column.Age];

    public static readonly Column[] ConfigMap =
    [
        Column.Name,
        new("Data", (json, _) => json.Object("data")?.Count ?? 0, Type: "integer"),
        Column.Age,
    ];

    public static readonly Column[] Secret =
    [
        Column.Name,
        Column.Text("Type", 0, "type"),
        new("Data", (json, _) => json.Object("data")?.Count ?? 0, Type: "integer"),
        Column.Age,
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

    private static string Pairs(JsonObject? map) =>
        map is null or { Count: 0 } ? "<none>" : string.Join(',', map.Select(pair => $"{pair.Key}={pair.Value.Text()}"));

    private static string Either(JsonNode? value) => value.Text() ?? value.Number()?.ToString() ?? "N/A";
}
