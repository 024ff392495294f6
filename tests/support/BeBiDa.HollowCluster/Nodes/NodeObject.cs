using System.Runtime.InteropServices;
using k8s.Models;

namespace BeBiDa.Hollow.Nodes;

/// <summary>The Node object and the Lease that a kubelet writes for its machine.</summary>
internal static class NodeObject
{
    public const string LeaseNamespace = "kube-node-lease";
    private const string Version = "v1.36.0";

    public static V1Node Of(HollowNode node) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = node.Name, Labels = Labels(node) },
        };

    public static Dictionary<string, string> Labels(HollowNode node)
    {
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = node.Name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = Architecture,
        };
        foreach (var (key, value) in node.Labels)
            labels[key] = value;
        return labels;
    }

    public static V1NodeStatus Status(HollowNode node, DateTime readySince)
    {
        var capacity = node.Capacity.ToDictionary(entry => entry.Key, entry => new ResourceQuantity(entry.Value));
        return new V1NodeStatus
        {
            Capacity = capacity,
            Allocatable = capacity,
            Conditions =
            [
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", readySince),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", readySince),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", readySince),
                Condition("Ready", "True", "KubeletReady", readySince),
            ],
            Addresses =
            [
                new V1NodeAddress { Type = "InternalIP", Address = node.Address },
                new V1NodeAddress { Type = "Hostname", Address = node.Name },
            ],
            NodeInfo = new V1NodeSystemInfo
            {
                Architecture = Architecture,
                BootID = node.Name,
                ContainerRuntimeVersion = "hollow://1",
                KernelVersion = Environment.OSVersion.Version.ToString(),
                KubeProxyVersion = "",
                KubeletVersion = Version,
                MachineID = node.Name,
                OperatingSystem = "linux",
                OsImage = "hollow",
                SystemUUID = node.Name,
            },
        };
    }

    public static V1Lease Lease(V1Node node, DateTime now) =>
        new()
        {
            ApiVersion = "coordination.k8s.io/v1",
            Kind = "Lease",
            Metadata = new V1ObjectMeta
            {
                Name = node.Metadata.Name,
                NamespaceProperty = LeaseNamespace,
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1",
                        Kind = "Node",
                        Name = node.Metadata.Name,
                        Uid = node.Metadata.Uid,
                    },
                ],
            },
            Spec = new V1LeaseSpec
            {
                HolderIdentity = node.Metadata.Name,
                LeaseDurationSeconds = 40,
                RenewTime = now,
            },
        };

    public static bool IsReady(V1Node node) => ReadyStatus(node) == "True";

    public static string? ReadyStatus(V1Node node) =>
        node.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.Status;

    private static string Architecture =>
        RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private static V1NodeCondition Condition(string type, string status, string reason, DateTime since) =>
        new()
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = reason,
            LastTransitionTime = since,
            LastHeartbeatTime = DateTime.UtcNow,
        };
}
