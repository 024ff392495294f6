using k8s.Models;

namespace BeBiDa.Hollow.Scheduling;

/// <summary>What a pod asks of a node, or a node has to give.</summary>
internal readonly record struct PodRequests(decimal Cpu)
{
    public static PodRequests Of(V1PodSpec pod) => new(pod.Containers.Sum(container => Request(container, "cpu")));

    public static decimal Allocatable(V1Node node, string resource) =>
        node.Status?.Allocatable?.TryGetValue(resource, out var quantity) == true ? quantity.ToDecimal() : 0;

    private static decimal Request(V1Container container, string resource) =>
        container.Resources?.Requests?.TryGetValue(resource, out var quantity) == true ? quantity.ToDecimal() : 0;
}
