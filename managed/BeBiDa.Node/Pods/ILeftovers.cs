namespace BeBiDa.Node.Pods;

/// <summary>What services of Kubernetes leave behind when they stop, beside their pods.</summary>
internal interface ILeftovers
{
    /// <summary>Processes of stopped units, and shims of Kubernetes' containers: "containerd-shim (4711)".</summary>
    /// <param name="groups">The units' cgroups.</param>
    IReadOnlyList<string> Find(IReadOnlyList<string> groups);

    /// <summary>Asks them to end, and after the grace kills them.</summary>
    /// <param name="groups">The units' cgroups.</param>
    /// <param name="grace">How long they may take to end by themselves.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <returns>Whether none is left.</returns>
    bool End(IReadOnlyList<string> groups, TimeSpan grace, TimeSpan limit);

    /// <summary>Unmounts what is kept for pods: volumes in memory, containers' root file systems, networks.</summary>
    /// <returns>How many; and those that stay, each with the reason.</returns>
    (int Unmounted, IReadOnlyList<string> Left) Unmount();
}
