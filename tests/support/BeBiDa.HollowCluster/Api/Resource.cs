using k8s;
using k8s.Models;

namespace BeBiDa.Hollow.Api;

/// <summary>Where the API serves objects of one kind.</summary>
public sealed record Resource<T>(string GroupVersion, string Plural, bool Namespaced)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The path of all objects of the kind, in every namespace.</summary>
    public string All => $"{GroupVersion}/{Plural}";

    /// <summary>The path to create an object at.</summary>
    public string In(string? ns) => Namespaced ? $"{GroupVersion}/namespaces/{ns}/{Plural}" : All;

    /// <summary>The path of one object, or of a subresource of it.</summary>
    public string At(string? ns, string name, string? subresource = null) =>
        $"{In(ns)}/{name}{(subresource is null ? "" : "/" + subresource)}";

    /// <summary>The path of the object, or of a subresource of it.</summary>
    public string Of(T obj, string? subresource = null) => At(obj.Metadata.NamespaceProperty, obj.Metadata.Name, subresource);
}

/// <summary>The kinds that the small clients work with.</summary>
public static class Resources
{
    public static readonly Resource<V1Node> Nodes = new("api/v1", "nodes", false);
    public static readonly Resource<V1Pod> Pods = new("api/v1", "pods", true);
    public static readonly Resource<V1Namespace> Namespaces = new("api/v1", "namespaces", false);
    public static readonly Resource<V1ServiceAccount> ServiceAccounts = new("api/v1", "serviceaccounts", true);
    public static readonly Resource<V1Lease> Leases = new("apis/coordination.k8s.io/v1", "leases", true);
    public static readonly Resource<V1ReplicaSet> ReplicaSets = new("apis/apps/v1", "replicasets", true);
    public static readonly Resource<V1Deployment> Deployments = new("apis/apps/v1", "deployments", true);
    public static readonly Resource<V1DaemonSet> DaemonSets = new("apis/apps/v1", "daemonsets", true);
    public static readonly Resource<V1PodDisruptionBudget> Budgets = new("apis/policy/v1", "poddisruptionbudgets", true);
}
