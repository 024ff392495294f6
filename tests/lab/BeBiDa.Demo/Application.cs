using System.Globalization;
using k8s;
using k8s.Models;

namespace BeBiDa.Demo;

/// <summary>A replicated application on the idle nodes, the stand-in for Spark executors: two fit on a node, each takes a second to end.</summary>
internal static class Application
{
    /// <summary>So many executors.</summary>
    public static V1Deployment Deployment(int executors) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new V1ObjectMeta { Name = "executor", NamespaceProperty = "default" },
            Spec = new V1DeploymentSpec
            {
                Replicas = executors,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = "executor" } },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta
                    {
                        Labels = new Dictionary<string, string> { ["app"] = "executor" },
                        Annotations = new Dictionary<string, string>
                        {
                            ["hollow/termination-seconds"] = 1.ToString(CultureInfo.InvariantCulture),
                        },
                    },
                    Spec = new V1PodSpec
                    {
                        Containers =
                        [
                            new V1Container
                            {
                                Name = "executor",
                                Image = "spark",
                                Resources = new V1ResourceRequirements
                                {
                                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("8") },
                                },
                            },
                        ],
                    },
                },
            },
        };

    /// <summary>How many executors run, and where.</summary>
    public static async Task<IReadOnlyList<V1Pod>> RunningAsync(Kubernetes client, CancellationToken cancellationToken = default) =>
        [
            .. (
                await client.CoreV1.ListNamespacedPodAsync("default", labelSelector: "app=executor", cancellationToken: cancellationToken)
            ).Items.Where(p => p.Status?.Phase == "Running" && p.Metadata.DeletionTimestamp is null),
        ];
}
