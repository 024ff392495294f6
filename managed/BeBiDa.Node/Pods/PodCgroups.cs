namespace BeBiDa.Node.Pods;

/// <summary>The cgroups below which kubelet puts every pod, whatever the runtime and the cgroup driver.</summary>
/// <param name="names">Their paths below the root of a hierarchy.</param>
/// <param name="mounts">What mount points there are.</param>
internal sealed class PodCgroups(IReadOnlyList<string> names, string mounts = "/proc/self/mountinfo") : IPodProcesses
{
    private readonly Cgroups groups = new(names, mounts);

    /// <inheritdoc/>
    public bool Exist => groups.Folders().Any();

    /// <inheritdoc/>
    public int Count() => groups.Processes().Count;

    /// <inheritdoc/>
    public bool End(TimeSpan grace, TimeSpan limit)
    {
        // Frozen ones would take no signal.
        Thaw();
        return Termination.Run(groups.Processes, Problems.SlurmdInPodCgroup(names), grace, limit, groups.Kill);
    }

    /// <inheritdoc/>
    public bool Freeze(TimeSpan limit)
    {
        // A host may have both versions, and a process that the first has frozen never counts as frozen to the second.
        var freezers = Freezers();
        if (freezers.Exists(freezer => freezer.Version == 1))
            freezers.RemoveAll(freezer => freezer.Version == 2);
        // Where no group can freeze them, they are not frozen.
        if (freezers.Count == 0 && Count() > 0)
            return false;
        foreach (var freezer in freezers)
            freezer.Set(frozen: true);
        return Polling.Until(() => freezers.TrueForAll(freezer => freezer.IsFrozen), limit);
    }

    /// <inheritdoc/>
    public void Thaw()
    {
        foreach (var freezer in Freezers())
            try
            {
                freezer.Set(frozen: false);
            }
            catch (IOException)
            {
                // Gone meanwhile, with all that was in it.
            }
    }

    private List<Freezer> Freezers() => [.. groups.Folders().Select(Freezer.Of).OfType<Freezer>()];
}
