using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>What Kubernetes' Go types write even when nobody set it.</summary>
internal static class ZeroValues
{
    public static void Node(JsonObject node)
    {
        var status = node.Make("status");
        status.Make("daemonEndpoints").Make("kubeletEndpoint").Default("Port", 0L);
        var info = status.Make("nodeInfo");
        foreach (
            var unknown in (string[])
                [
                    "architecture",
                    "bootID",
                    "containerRuntimeVersion",
                    "kernelVersion",
                    "kubeProxyVersion",
                    "kubeletVersion",
                    "machineID",
                    "operatingSystem",
                    "osImage",
                    "systemUUID",
                ]
        )
            info.Default(unknown, "");
    }

    public static void DisruptionBudget(JsonObject budget)
    {
        var status = budget.Make("status");
        foreach (var count in (string[])["currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"])
            status.Default(count, 0L);
    }

    public static void Namespace(JsonObject space) => space.Make("spec").Default("finalizers", new JsonArray("kubernetes"));

    public static void ReplicaSet(JsonObject set) => set.Make("status").Default("replicas", 0L);

    public static void DaemonSet(JsonObject set)
    {
        var status = set.Make("status");
        foreach (var count in (string[])["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"])
            status.Default(count, 0L);
    }

    public static void Event(JsonObject stored)
    {
        stored.Make("source");
        stored.Default("reportingComponent", "");
        stored.Default("reportingInstance", "");
    }
}
