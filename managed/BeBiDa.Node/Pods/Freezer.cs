namespace BeBiDa.Node.Pods;

/// <summary>What stops the processes of a cgroup and of those below it from being scheduled.</summary>
internal sealed class Freezer
{
    private readonly string control;
    private readonly string freeze;
    private readonly string thaw;
    private readonly string state;
    private readonly string frozen;

    private Freezer(int version, string control, string freeze, string thaw, string state, string frozen)
    {
        Version = version;
        this.control = control;
        this.freeze = freeze;
        this.thaw = thaw;
        this.state = state;
        this.frozen = frozen;
    }

    /// <summary>The freezer of a cgroup.</summary>
    /// <returns>Null where its hierarchy has none.</returns>
    public static Freezer? Of(string group)
    {
        var second = Path.Combine(group, "cgroup.freeze");
        var first = Path.Combine(group, "freezer.state");
        if (File.Exists(second))
            return new Freezer(2, second, "1", "0", Path.Combine(group, "cgroup.events"), "frozen 1");
        return File.Exists(first) ? new Freezer(1, first, "FROZEN", "THAWED", first, "FROZEN") : null;
    }

    /// <summary>The version of cgroups that it belongs to.</summary>
    public int Version { get; }

    /// <summary>Whether every process in it is frozen.</summary>
    public bool IsFrozen => File.ReadAllLines(state).Contains(frozen);

    /// <summary>Freezes or thaws it; that may take a moment.</summary>
    public void Set(bool frozen) => File.WriteAllText(control, frozen ? freeze : thaw);
}
