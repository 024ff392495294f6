namespace BeBiDa.Node.Services;

/// <summary>systemd, or what a test has in its place.</summary>
internal interface IServiceManager : IDisposable
{
    /// <summary>Reads what units are now, all at once.</summary>
    /// <param name="units">Their names, such as kubelet.service; they need not exist.</param>
    /// <exception cref="ServiceManagerException">systemd does not answer.</exception>
    IReadOnlyDictionary<string, UnitState> Read(IReadOnlyCollection<string> units);

    /// <summary>Reads what one unit is now.</summary>
    /// <exception cref="ServiceManagerException">systemd does not answer.</exception>
    UnitState Read(string unit) => Read([unit])[unit];

    /// <summary>The units that systemd stops when it stops this one (Requires=, BindsTo=, PartOf=, PropagatesStopTo=), and those that it stops with them.</summary>
    /// <exception cref="ServiceManagerException">systemd does not answer.</exception>
    IReadOnlyList<string> StoppedWith(string unit);

    /// <summary>The cgroup of a unit, below the root of a hierarchy; of one that has stopped, while processes are left in it.</summary>
    /// <returns>Null where it has none.</returns>
    /// <exception cref="ServiceManagerException">systemd does not answer.</exception>
    string? ControlGroup(string unit);

    /// <summary>Asks for a unit to be stopped; takes the place of a start that is under way.</summary>
    /// <exception cref="ServiceManagerException">systemd refuses or does not answer.</exception>
    UnitJob Stop(string unit);

    /// <summary>Asks for a unit to be started, also after it has failed too often.</summary>
    /// <exception cref="ServiceManagerException">systemd refuses or does not answer.</exception>
    UnitJob Start(string unit);

    /// <summary>Waits until systemd is done with what was asked for.</summary>
    /// <returns>Its result, as systemctl(1) knows it (done, failed, timeout, canceled, …); null when the limit is over first.</returns>
    /// <exception cref="ServiceManagerException">systemd does not answer.</exception>
    string? Wait(UnitJob job, TimeSpan limit);
}

/// <summary>Something that systemd has been asked to do with a unit.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Path">What systemd calls it.</param>
internal readonly record struct UnitJob(string Unit, string Path);

/// <summary>What a unit is, in the words of systemctl(1).</summary>
/// <param name="Load">loaded, not-found, masked, bad-setting, error.</param>
/// <param name="Active">active, reloading, inactive, failed, activating, deactivating.</param>
/// <param name="Sub">The state that its type has for that, such as running or auto-restart.</param>
/// <param name="Job">What systemd is asked to do with it and has not done yet: start, stop, restart, …; empty for nothing.</param>
internal readonly record struct UnitState(string Load, string Active, string Sub, string Job = "")
{
    /// <summary>Whether nothing of it runs or is about to: a unit whose start waits in systemd's queue is still inactive.</summary>
    public bool IsDown => Active is "inactive" or "failed" && Job.Length == 0;

    /// <summary>Whether someone has asked for its end already.</summary>
    public bool IsStopping => Job == "stop";

    /// <summary>Whether it is up.</summary>
    public bool IsUp => Active is "active" or "reloading";

    /// <summary>Whether there is no such unit here.</summary>
    public bool IsMissing => Load == "not-found";

    /// <summary>Whether an admin has forbidden that it is started.</summary>
    public bool IsMasked => Load == "masked";
}

/// <summary>systemd does not do what it was asked for.</summary>
internal sealed class ServiceManagerException(string message) : Exception(message);
