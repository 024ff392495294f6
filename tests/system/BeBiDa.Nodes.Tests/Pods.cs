using System.Globalization;
using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>Pods that mean the same to both kinds of node: annotations tell a hollow kubelet what the command tells a real one.</summary>
internal static class Pods
{
    public static V1Pod Pod(string name, string node, double terminationSeconds = 0.2, bool ignoresTermination = false) =>
        new()
        {
            Metadata = new V1ObjectMeta { Name = name, Annotations = Annotations(terminationSeconds, ignoresTermination) },
            Spec = new V1PodSpec { NodeName = node, Containers = [Container(terminationSeconds, ignoresTermination)] },
        };

    /// <summary>What a Deployment or a DaemonSet makes its pods of.</summary>
    public static V1PodTemplateSpec Template(string app, double terminationSeconds = 0.2) =>
        new()
        {
            Metadata = new V1ObjectMeta { Labels = Labels(app), Annotations = Annotations(terminationSeconds, false) },
            Spec = new V1PodSpec { Containers = [Container(terminationSeconds, false)] },
        };

    public static Dictionary<string, string> Labels(string app) => new() { ["app"] = app };

    /// <summary>A container that runs until it is told to end, and perhaps longer.</summary>
    public static V1Container Container(double terminationSeconds = 0.2, bool ignoresTermination = false) =>
        new()
        {
            Name = "c",
            Image = "lab/busybox:1",
            Command =
            [
                "sh",
                "-c",
                ignoresTermination
                    ? "trap '' TERM; sleep inf"
                    : string.Create(CultureInfo.InvariantCulture, $"trap 'sleep {terminationSeconds}; exit' TERM; sleep inf & wait"),
            ],
        };

    private static Dictionary<string, string> Annotations(double terminationSeconds, bool ignoresTermination) =>
        new()
        {
            ["hollow/termination-seconds"] = terminationSeconds.ToString(CultureInfo.InvariantCulture),
            ["hollow/ignore-termination"] = ignoresTermination ? "true" : "false",
        };
}
