using k8s.Models;

namespace BeBiDa.Hollow.Nodes;

/// <summary>The pod status that a kubelet writes as a pod runs and ends.</summary>
internal static class PodStatus
{
    public static bool IsFinished(V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    public static bool IsReady(V1Pod pod) =>
        pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    public static V1PodStatus Running(V1Pod pod, string hostIp, string podIp, DateTime started, int restarts) =>
        new()
        {
            Phase = "Running",
            HostIP = hostIp,
            HostIPs = [new V1HostIP { Ip = hostIp }],
            PodIP = podIp,
            PodIPs = [new V1PodIP { Ip = podIp }],
            StartTime = started,
            Conditions = Conditions(ready: true, reason: null, started),
            ContainerStatuses = Containers(
                pod,
                restarts,
                ready: true,
                new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = started } }
            ),
        };

    public static V1PodStatus Finished(V1Pod pod, int exitCode, DateTime started, DateTime ended, int restarts) =>
        new()
        {
            Phase = exitCode == 0 ? "Succeeded" : "Failed",
            Conditions = Conditions(ready: false, reason: exitCode == 0 ? "PodCompleted" : "PodFailed", ended),
            ContainerStatuses = Containers(
                pod,
                restarts,
                ready: false,
                new V1ContainerState
                {
                    Terminated = new V1ContainerStateTerminated
                    {
                        ExitCode = exitCode,
                        Reason = exitCode == 0 ? "Completed" : "Error",
                        StartedAt = started,
                        FinishedAt = ended,
                    },
                }
            ),
        };

    private static List<V1PodCondition> Conditions(bool ready, string? reason, DateTime since)
    {
        V1PodCondition Condition(string type, bool holds) =>
            new()
            {
                Type = type,
                Status = holds ? "True" : "False",
                Reason = holds ? null : reason,
                LastTransitionTime = since,
            };

        return [Condition("Initialized", true), Condition("ContainersReady", ready), Condition("Ready", ready)];
    }

    private static List<V1ContainerStatus> Containers(V1Pod pod, int restarts, bool ready, V1ContainerState state) =>
        [
            .. pod.Spec.Containers.Select(container => new V1ContainerStatus
            {
                Name = container.Name,
                Image = container.Image ?? "",
                ImageID = "",
                ContainerID = $"hollow://{pod.Metadata.Uid}/{container.Name}",
                Ready = ready,
                Started = ready,
                RestartCount = restarts,
                State = state,
            }),
        ];
}
