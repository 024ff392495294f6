namespace BeBiDa.Node.Pods;

/// <summary>The processes of pods, which outlive kubelet and the container runtime.</summary>
internal interface IPodProcesses
{
    /// <summary>Whether there is any cgroup in which they would be.</summary>
    bool Exist { get; }

    /// <summary>How many there are.</summary>
    int Count();

    /// <summary>Asks them to end, and after the grace kills them.</summary>
    /// <param name="grace">How long they may take to end by themselves.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <returns>Whether none is left.</returns>
    bool End(TimeSpan grace, TimeSpan limit);

    /// <summary>Freezes them.</summary>
    /// <param name="limit">How long that may take.</param>
    /// <returns>Whether all are frozen.</returns>
    bool Freeze(TimeSpan limit);

    /// <summary>Lets them go on.</summary>
    void Thaw();
}
