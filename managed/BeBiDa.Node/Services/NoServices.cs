namespace BeBiDa.Node.Services;

/// <summary>A machine without systemd: no unit is there to be stopped.</summary>
internal sealed class NoServices : IServiceManager
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, UnitState> Read(IReadOnlyCollection<string> units) =>
        units.ToDictionary(unit => unit, _ => new UnitState("not-found", "inactive", "dead"));

    /// <inheritdoc/>
    public IReadOnlyList<string> StoppedWith(string unit) => [];

    /// <inheritdoc/>
    public string? ControlGroup(string unit) => null;

    /// <inheritdoc/>
    public UnitJob Stop(string unit) => new(unit, "");

    /// <inheritdoc/>
    public UnitJob Start(string unit) => throw new ServiceManagerException(Problems.NoSystemd(unit));

    /// <inheritdoc/>
    public string? Wait(UnitJob job, TimeSpan limit) => "done";

    /// <inheritdoc/>
    public void Dispose() { }
}
