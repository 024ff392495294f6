namespace BeBiDa.Hollow.Nodes;

/// <summary>What a hollow kubelet says about its machine.</summary>
public sealed record HollowNode(string Name)
{
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Capacity { get; init; } =
        new Dictionary<string, string>
        {
            ["cpu"] = "16",
            ["memory"] = "64Gi",
            ["pods"] = "110",
        };

    public string Address { get; init; } = "127.0.0.1";
}

/// <summary>The rhythm of hollow kubelets; the defaults are those of a real one.</summary>
public sealed record KubeletOptions
{
    /// <summary>How often the node's lease is renewed (kubelet: a quarter of 40 s).</summary>
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an unchanged node status is written (kubelet's nodeStatusReportFrequency).</summary>
    public TimeSpan StatusReport { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a pod without <see cref="PodAnnotations.TerminationSeconds"/> takes to end.</summary>
    public TimeSpan Termination { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How many pods are worked on at once, over all nodes.</summary>
    public int Workers { get; init; } = 16;
}
