using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Objects;

namespace BeBiDa.EmbeddedApi.Pods;

/// <summary>What the API server fills into a Pod.</summary>
internal static class PodDefaults
{
    public static void Pod(JsonObject pod)
    {
        var spec = pod.Make("spec");
        Spec(spec);
        spec.Default("enableServiceLinks", true);
        var status = pod.Make("status");
        status.Default("phase", "Pending");
        status.Default("qosClass", QualityOfService(spec));
    }

    public static void Admit(JsonObject pod)
    {
        var spec = pod.Make("spec");
        spec.Default("priority", 0L);
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
    }

    /// <summary>A PodSpec, of a Pod or of a template.</summary>
    public static void Spec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30L);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
        foreach (var container in spec.Array("initContainers") ?? [])
            Container(container as JsonObject);
        foreach (var container in spec.Array("containers") ?? [])
            Container(container as JsonObject);
    }

    private static void Container(JsonObject? container)
    {
        if (container is null)
            return;
        container.Default("resources", new JsonObject());
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        var image = container.Text("image") ?? "";
        var untagged = image.LastIndexOf(':') <= image.LastIndexOf('/');
        container.Default("imagePullPolicy", untagged || image.EndsWith(":latest", StringComparison.Ordinal) ? "Always" : "IfNotPresent");
        foreach (var port in container.Array("ports") ?? [])
            (port as JsonObject)?.Default("protocol", "TCP");
    }

    private static string QualityOfService(JsonObject spec)
    {
        var containers = spec.Array("containers") ?? [];
        var some = containers.Any(container =>
            container.At("resources", "requests") is JsonObject { Count: > 0 }
            || container.At("resources", "limits") is JsonObject { Count: > 0 }
        );
        if (!some)
            return "BestEffort";
        var all = containers.All(container =>
            container.At("resources", "limits") is JsonObject limits
            && limits.ContainsKey("cpu")
            && limits.ContainsKey("memory")
            && (container.At("resources", "requests") is not JsonObject requests || Json.Same(requests, limits))
        );
        return all ? "Guaranteed" : "Burstable";
    }
}
