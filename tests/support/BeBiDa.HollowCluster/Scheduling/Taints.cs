using k8s.Models;

namespace BeBiDa.Hollow.Scheduling;

/// <summary>Taints and tolerations (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/).</summary>
internal static class Taints
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";
    public const string Unschedulable = "node.kubernetes.io/unschedulable";

    public static bool Tolerates(this V1PodSpec pod, V1Taint taint) =>
        pod.Tolerations?.Any(toleration => Tolerates(toleration, taint)) == true;

    /// <summary>A pod may come to the node: no NoSchedule or NoExecute taint that it does not tolerate.</summary>
    public static bool Admits(this V1Node node, V1PodSpec pod) =>
        node.Spec?.Taints?.All(taint => taint.Effect == "PreferNoSchedule" || pod.Tolerates(taint)) ?? true;

    /// <summary>A pod may come to the node as far as cordon is concerned.</summary>
    public static bool AdmitsWhileCordoned(this V1Node node, V1PodSpec pod) =>
        node.Spec?.Unschedulable != true || pod.Tolerates(new V1Taint { Key = Unschedulable, Effect = "NoSchedule" });

    public static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect)
            return false;
        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key)
            return false;
        return toleration.OperatorProperty switch
        {
            "Exists" => true,
            null or "" or "Equal" => !string.IsNullOrEmpty(toleration.Key) && (toleration.Value ?? "") == (taint.Value ?? ""),
            _ => false,
        };
    }
}
