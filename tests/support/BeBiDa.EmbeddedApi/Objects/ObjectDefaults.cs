using System.Text.Json.Nodes;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>What the API server fills into objects, as far as anyone here reads it.</summary>
internal static class ObjectDefaults
{
    public static void Namespace(JsonObject space)
    {
        var metadata = space.Make("metadata");
        if (metadata.Text("name") is { } name)
            metadata.Make("labels").Default("kubernetes.io/metadata.name", name);
        space.Make("status").Default("phase", "Active");
    }

    public static void Pod(JsonObject pod)
    {
        PodSpec(pod.Make("spec"));
        pod.Make("status").Default("phase", "Pending");
    }

    public static void Workload(JsonObject workload)
    {
        var spec = workload.Make("spec");
        spec.Default("replicas", 1L);
        Template(workload);
    }

    public static void Template(JsonObject workload)
    {
        if (workload.At("spec", "template") is JsonObject template)
            PodSpec(template.Make("spec"));
    }

    public static void RoleBinding(JsonObject binding)
    {
        foreach (var subject in binding.Array("subjects") ?? [])
        {
            if (subject is JsonObject map && map.Text("kind") is "User" or "Group")
                map.Default("apiGroup", "rbac.authorization.k8s.io");
        }
    }

    private static void PodSpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30L);
    }
}
