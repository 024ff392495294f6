using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Owners of pods. They exist, since pods of owners that do not are collected; no controller works for them here.</summary>
internal static class Workloads
{
    public static V1ReplicaSet ReplicaSet(string name) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1ReplicaSetSpec
            {
                Replicas = 0,
                Selector = Selector(name),
                Template = Template(name),
            },
        };

    public static V1DaemonSet DaemonSet(string name) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "DaemonSet",
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1DaemonSetSpec { Selector = Selector(name), Template = Template(name) },
        };

    /// <summary>The same pod, owned by another object.</summary>
    public static V1Pod OwnedBy(this V1Pod pod, string kind, IMetadata<V1ObjectMeta> owner, bool controller = true)
    {
        pod.Metadata.OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = "apps/v1",
                Kind = kind,
                Name = owner.Metadata.Name,
                Uid = owner.Metadata.Uid,
                Controller = controller,
            },
        ];
        return pod;
    }

    private static V1LabelSelector Selector(string name) => new() { MatchLabels = Labels(name) };

    private static V1PodTemplateSpec Template(string name) =>
        new()
        {
            Metadata = new V1ObjectMeta { Labels = Labels(name) },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = "hollow" }] },
        };

    private static Dictionary<string, string> Labels(string name) => new() { ["app"] = name };
}
