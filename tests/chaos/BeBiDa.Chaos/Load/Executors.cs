using k8s;
using k8s.Models;

namespace BeBiDa.Chaos.Load;

/// <summary>A workload on all nodes of Kubernetes that comes back wherever there is room.</summary>
internal static class Executors
{
    private const string App = "executor";

    /// <summary>Starts four for each node, which take half a second to leave.</summary>
    public static Task StartAsync(Kubernetes client, int nodes)
    {
        var labels = new Dictionary<string, string> { ["app"] = App };
        return client.AppsV1.CreateNamespacedDeploymentAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = App },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 4 * nodes,
                    Selector = new V1LabelSelector { MatchLabels = labels },
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta
                        {
                            Labels = labels,
                            Annotations = new Dictionary<string, string> { [Hollow.Nodes.PodAnnotations.TerminationSeconds] = "0.5" },
                        },
                        Spec = new V1PodSpec
                        {
                            Containers =
                            [
                                new V1Container
                                {
                                    Name = "main",
                                    Image = App,
                                    Resources = new V1ResourceRequirements
                                    {
                                        Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("4") },
                                    },
                                },
                            ],
                        },
                    },
                },
            },
            "default"
        );
    }
}
