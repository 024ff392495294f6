using k8s;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>What Kubernetes runs on a site's nodes.</summary>
internal static class Workloads
{
    public const string Namespace = "default";

    private static readonly TimeSpan Patience = Eventually.Patience;

    /// <summary>Starts executors that fill nodes: four a node, each with a quarter of its CPUs.</summary>
    public static async Task FillAsync(Kubernetes client, int nodes, string terminationSeconds = "0.2", bool tolerates = false)
    {
        var template = Pod("executor", termination: terminationSeconds);
        template.Spec.Containers[0].Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("4") },
        };
        if (tolerates)
            template.Spec.Tolerations = [new V1Toleration { OperatorProperty = "Exists" }];
        await client.AppsV1.CreateNamespacedDeploymentAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = "executors" },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 4 * nodes,
                    Selector = new V1LabelSelector { MatchLabels = template.Metadata.Labels },
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta { Labels = template.Metadata.Labels, Annotations = template.Metadata.Annotations },
                        Spec = template.Spec,
                    },
                },
            },
            Namespace
        );
        await RunningAsync(client, 4 * nodes);
    }

    /// <summary>Runs a pod on a node.</summary>
    public static async Task<V1Pod> RunAsync(Kubernetes client, V1Pod pod)
    {
        var created = await client.CoreV1.CreateNamespacedPodAsync(pod, Namespace);
        await Eventually.HoldsAsync(
            $"pod {pod.Name()} runs",
            Patience,
            async _ => (await client.CoreV1.ReadNamespacedPodAsync(pod.Name(), Namespace)).Status.Phase == "Running"
        );
        return created;
    }

    /// <summary>Waits until so many pods run, and no other is left.</summary>
    public static Task RunningAsync(Kubernetes client, int count) =>
        Eventually.HoldsAsync(
            $"{count} pods run",
            Patience,
            async _ =>
                (await client.CoreV1.ListNamespacedPodAsync(Namespace)).Items is var pods
                && pods.Count == count
                && pods.All(p => p.Status.Phase == "Running" && p.Metadata.DeletionTimestamp is null)
        );

    /// <summary>A pod; bound to a node when one is named.</summary>
    public static V1Pod Pod(string name, string? node = null, string termination = "0.2", bool ignoresTermination = false) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = new Dictionary<string, string> { ["app"] = name },
                Annotations = new Dictionary<string, string>
                {
                    [Hollow.Nodes.PodAnnotations.TerminationSeconds] = termination,
                    [Hollow.Nodes.PodAnnotations.IgnoreTermination] = ignoresTermination ? "true" : "false",
                },
            },
            Spec = new V1PodSpec { NodeName = node, Containers = [new V1Container { Name = "main", Image = "executor" }] },
        };

    /// <summary>Creates a budget that allows no disruption of an app's pods, and waits until it counts.</summary>
    public static async Task ProtectAsync(Kubernetes client, string app)
    {
        await client.PolicyV1.CreateNamespacedPodDisruptionBudgetAsync(
            new V1PodDisruptionBudget
            {
                Metadata = new V1ObjectMeta { Name = app },
                Spec = new V1PodDisruptionBudgetSpec
                {
                    MinAvailable = 1,
                    Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app"] = app } },
                },
            },
            Namespace
        );
        await Eventually.HoldsAsync(
            $"the budget of {app} counts",
            Patience,
            async _ =>
                (await client.PolicyV1.ReadNamespacedPodDisruptionBudgetAsync(app, Namespace)).Status
                    is { ObservedGeneration: 1, CurrentHealthy: 1, DisruptionsAllowed: 0 }
        );
    }

    /// <summary>Ends everything at once.</summary>
    public static async Task ClearAsync(Kubernetes client)
    {
        foreach (var budget in (await client.PolicyV1.ListNamespacedPodDisruptionBudgetAsync(Namespace)).Items)
            await client.PolicyV1.DeleteNamespacedPodDisruptionBudgetAsync(budget.Name(), Namespace);
        foreach (var deployment in (await client.AppsV1.ListNamespacedDeploymentAsync(Namespace)).Items)
            await client.AppsV1.DeleteNamespacedDeploymentAsync(deployment.Name(), Namespace, propagationPolicy: "Background");
        await Eventually.HoldsAsync(
            "no pods are left",
            Patience,
            async _ =>
            {
                var pods = (await client.CoreV1.ListNamespacedPodAsync(Namespace)).Items;
                foreach (var pod in pods)
                    await DeleteAsync(client, pod);
                return pods.Count == 0;
            }
        );
    }

    private static async Task DeleteAsync(Kubernetes client, V1Pod pod)
    {
        try
        {
            await client.CoreV1.DeleteNamespacedPodAsync(pod.Name(), Namespace, gracePeriodSeconds: 0);
        }
        catch (k8s.Autorest.HttpOperationException e) when (e.Response.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            // It was quicker.
        }
    }
}
