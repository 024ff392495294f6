using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>Pods on one node: of a Deployment, of a DaemonSet, a static one and a bare one.</summary>
internal sealed class PodsOfFourKinds(ContainerLab lab, string node)
{
    private const string Namespace = "default";
    private const string Manifest = "/etc/kubernetes/manifests/static.yaml";

    // What a Deployment has here: two pods.
    private const int Count = 5;

    /// <summary>Makes what is not there, and waits until all of them run.</summary>
    public async Task PlaceAsync()
    {
        await MakeAsync();
        await Eventually.HoldsAsync(
            $"a Deployment's two pods, a DaemonSet's, a static and a bare one run on {node}",
            Eventually.Patience,
            async _ =>
            {
                await RenewBareAsync();
                var pods = (await lab.Client.CoreV1.ListNamespacedPodAsync(Namespace)).Items;
                return pods.Count == Count
                    && pods.All(pod => pod.Metadata.DeletionTimestamp is null && pod.Status?.ContainerStatuses is [{ Ready: true }])
                    && (await lab.PodsAsync(node)).Count == Count;
            }
        );
    }

    /// <summary>Makes the bare pod again if it is not there or has ended, as its owner would: no controller does.</summary>
    public async Task RenewBareAsync()
    {
        try
        {
            if ((await lab.Client.CoreV1.ReadNamespacedPodAsync("bare", Namespace)).Status?.Phase is "Failed" or "Succeeded")
                await lab.Client.CoreV1.DeleteNamespacedPodAsync("bare", Namespace, gracePeriodSeconds: 0);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            await lab.Client.CoreV1.CreateNamespacedPodAsync(Pods.Pod("bare", node), Namespace);
        }
    }

    /// <summary>Removes them from Kubernetes; the node may take a moment more.</summary>
    public async Task RemoveAsync()
    {
        await lab.ExecAsync(node, ["rm", "-f", Manifest]);
        await lab.Client.AppsV1.DeleteCollectionNamespacedDeploymentAsync(Namespace);
        await lab.Client.AppsV1.DeleteCollectionNamespacedDaemonSetAsync(Namespace);
    }

    private async Task MakeAsync()
    {
        await lab.WriteFileAsync(
            node,
            Manifest,
            KubernetesJson.Serialize(
                new V1Pod
                {
                    ApiVersion = "v1",
                    Kind = "Pod",
                    Metadata = new V1ObjectMeta { Name = "static", NamespaceProperty = Namespace },
                    Spec = new V1PodSpec { Containers = [Pods.Container()] },
                }
            )
        );
        if ((await lab.Client.AppsV1.ListNamespacedDeploymentAsync(Namespace)).Items.Count > 0)
            return;
        await lab.Client.AppsV1.CreateNamespacedDeploymentAsync(
            new V1Deployment
            {
                Metadata = new V1ObjectMeta { Name = "web" },
                Spec = new V1DeploymentSpec
                {
                    Replicas = 2,
                    Selector = Selector("web"),
                    Template = Here("web"),
                },
            },
            Namespace
        );
        await lab.Client.AppsV1.CreateNamespacedDaemonSetAsync(
            new V1DaemonSet
            {
                Metadata = new V1ObjectMeta { Name = "agent" },
                Spec = new V1DaemonSetSpec { Selector = Selector("agent"), Template = WithMemory(Here("agent")) },
            },
            Namespace
        );
    }

    private static V1LabelSelector Selector(string app) => new() { MatchLabels = Pods.Labels(app) };

    private V1PodTemplateSpec Here(string app)
    {
        var template = Pods.Template(app);
        template.Spec.NodeSelector = new Dictionary<string, string> { ["kubernetes.io/hostname"] = node };
        return template;
    }

    private static V1PodTemplateSpec WithMemory(V1PodTemplateSpec template)
    {
        template.Spec.Volumes =
        [
            new V1Volume
            {
                Name = "memory",
                EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" },
            },
        ];
        template.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "memory", MountPath = "/memory" }];
        return template;
    }
}
