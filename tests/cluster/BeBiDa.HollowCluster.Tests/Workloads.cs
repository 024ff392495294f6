using k8s.Models;

namespace BeBiDa.Hollow.Tests;

/// <summary>What the tests run.</summary>
internal static class Workloads
{
    public static V1Pod Pod(string name, string? node = null, int grace = 30, IReadOnlyDictionary<string, string>? annotations = null) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = Labels(name),
                Annotations = annotations?.ToDictionary(),
            },
            Spec = Spec(grace) with { NodeName = node },
        };

    public static V1Deployment Deployment(string app, int replicas) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Metadata = new V1ObjectMeta { Name = app },
            Spec = new V1DeploymentSpec
            {
                Replicas = replicas,
                Selector = new V1LabelSelector { MatchLabels = Labels(app) },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = Labels(app) },
                    Spec = Spec(30),
                },
            },
        };

    public static V1DaemonSet DaemonSet(string app) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "DaemonSet",
            Metadata = new V1ObjectMeta { Name = app },
            Spec = new V1DaemonSetSpec
            {
                Selector = new V1LabelSelector { MatchLabels = Labels(app) },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = Labels(app) },
                    Spec = Spec(30),
                },
            },
        };

    public static V1PodDisruptionBudget Budget(string app, IntOrString? maxUnavailable = null, IntOrString? minAvailable = null) =>
        new()
        {
            ApiVersion = "policy/v1",
            Kind = "PodDisruptionBudget",
            Metadata = new V1ObjectMeta { Name = app },
            Spec = new V1PodDisruptionBudgetSpec
            {
                MaxUnavailable = maxUnavailable,
                MinAvailable = minAvailable,
                Selector = new V1LabelSelector { MatchLabels = Labels(app) },
            },
        };

    private static Dictionary<string, string> Labels(string app) => new() { ["app"] = app };

    private static V1PodSpec Spec(int grace) =>
        new() { TerminationGracePeriodSeconds = grace, Containers = [new V1Container { Name = "main", Image = "hollow" }] };
}
