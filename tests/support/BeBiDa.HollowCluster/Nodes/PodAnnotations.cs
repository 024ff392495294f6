using System.Globalization;
using k8s.Models;

namespace BeBiDa.Hollow.Nodes;

/// <summary>How a pod tells a hollow kubelet what its containers would do.</summary>
public static class PodAnnotations
{
    /// <summary>The pod takes this many seconds until its containers run, as for an image and its start; the work's time begins then.</summary>
    public const string StartSeconds = "hollow/start-seconds";

    /// <summary>The pod finishes, Succeeded, after this many seconds, whatever its restart policy.</summary>
    public const string RunSeconds = "hollow/run-seconds";

    /// <summary>The pod takes this many seconds to end once it is told to, or its grace period if that is shorter.</summary>
    public const string TerminationSeconds = "hollow/termination-seconds";

    /// <summary>"true": the pod never ends by itself, as if its kubelet or runtime were stuck.</summary>
    public const string IgnoreTermination = "hollow/ignore-termination";

    /// <summary>Marks a mirror pod: the shadow in the API of a static pod (kubelet's own annotation).</summary>
    public const string Mirror = "kubernetes.io/config.mirror";

    internal static TimeSpan? Seconds(V1Pod pod, string annotation) =>
        pod.Metadata.Annotations?.TryGetValue(annotation, out var value) == true
        && double.TryParse(value, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    internal static bool IgnoresTermination(V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue(IgnoreTermination, out var value) == true && value == "true";

    /// <summary>After what time the pod's work is done; null for one that runs until it is told to end.</summary>
    internal static TimeSpan? RunTime(V1Pod pod)
    {
        if (Seconds(pod, RunSeconds) is { } asked)
            return asked;

        // With restartPolicy Always a container that ends is started again, so the pod as a whole never finishes.
        if (pod.Spec.RestartPolicy is null or "Always")
            return null;
        var times = pod.Spec.Containers.Select(SleepOf).ToList();
        return times.TrueForAll(time => time is not null) ? times.Max() : null;
    }

    private static TimeSpan? SleepOf(V1Container container)
    {
        var words = (container.Command ?? []).Concat(container.Args ?? []).ToList();
        return
            words is [var program, var time]
            && Path.GetFileName(program) == "sleep"
            && double.TryParse(time.TrimEnd('s'), CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
    }
}
