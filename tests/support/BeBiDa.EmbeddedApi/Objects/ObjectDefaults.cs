using System.Text;
using System.Text.Json.Nodes;
using BeBiDa.EmbeddedApi.Pods;

namespace BeBiDa.EmbeddedApi.Objects;

/// <summary>What the API server fills into objects beside Pods.</summary>
internal static class ObjectDefaults
{
    public static void Namespace(JsonObject space)
    {
        var metadata = space.Make("metadata");
        if (metadata.Text("name") is { } name)
            metadata.Make("labels").Default("kubernetes.io/metadata.name", name);
        space.Make("status").Default("phase", "Active");
    }

    public static void Deployment(JsonObject deployment)
    {
        var spec = deployment.Make("spec");
        spec.Default("replicas", 1L);
        spec.Default("revisionHistoryLimit", 10L);
        spec.Default("progressDeadlineSeconds", 600L);
        var strategy = spec.Make("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Make("rollingUpdate").Default("maxUnavailable", "25%");
            strategy.Make("rollingUpdate").Default("maxSurge", "25%");
        }
        Template(spec);
    }

    public static void ReplicaSet(JsonObject set)
    {
        var spec = set.Make("spec");
        spec.Default("replicas", 1L);
        Template(spec);
    }

    public static void DaemonSet(JsonObject set)
    {
        set.Make("metadata").Make("annotations").Default("deprecated.daemonset.template.generation", "1");
        var spec = set.Make("spec");
        spec.Default("revisionHistoryLimit", 10L);
        var strategy = spec.Make("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Make("rollingUpdate").Default("maxUnavailable", 1L);
            strategy.Make("rollingUpdate").Default("maxSurge", 0L);
        }
        Template(spec);
    }

    public static void Service(JsonObject service)
    {
        var spec = service.Make("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec.Array("ports") ?? [])
        {
            if (port is not JsonObject map)
                continue;
            map.Default("protocol", "TCP");
            if (map["port"] is { } number)
                map.Default("targetPort", number.DeepClone());
        }
    }

    public static void RoleBinding(JsonObject binding)
    {
        foreach (var subject in binding.Array("subjects") ?? [])
        {
            if (subject is JsonObject map && map.Text("kind") is "User" or "Group")
                map.Default("apiGroup", "rbac.authorization.k8s.io");
        }
    }

    public static void Secret(JsonObject secret)
    {
        secret.Default("type", "Opaque");
        if (secret["stringData"] is not JsonObject plain)
            return;
        foreach (var (name, value) in plain)
            secret.Make("data")[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.Text() ?? ""));
        secret.Remove("stringData");
    }

    private static void Template(JsonObject spec)
    {
        if (spec["template"] is JsonObject template)
            PodDefaults.Spec(template.Make("spec"));
    }
}
