using BeBiDa.Node.Services;

namespace BeBiDa.Node.Tests;

/// <summary>A systemd whose units do what a test says.</summary>
internal sealed class FakeServices : IServiceManager
{
    private readonly Dictionary<string, UnitState> units = [];

    /// <summary>What was asked for and done, in order: "stop kubelet.service".</summary>
    public List<string> Done { get; } = [];

    /// <summary>What happens to a unit instead of what was asked for: its result (null: nothing in time) and state after.</summary>
    public Dictionary<string, (string? Result, UnitState After)> Instead { get; } = [];

    /// <summary>Called while a start or stop is waited for.</summary>
    public Action<UnitJob> WhileWaiting { get; set; } = _ => { };

    public UnitState this[string unit]
    {
        get => units.GetValueOrDefault(unit, new UnitState("not-found", "inactive", "dead"));
        set => units[unit] = value;
    }

    public static UnitState Running => new("loaded", "active", "running");

    public static UnitState Dead => new("loaded", "inactive", "dead");

    /// <summary>Called before each reading of units.</summary>
    public Action OnRead { get; set; } = () => { };

    public IReadOnlyDictionary<string, UnitState> Read(IReadOnlyCollection<string> units)
    {
        OnRead();
        return units.ToDictionary(unit => unit, unit => this[unit]);
    }

    /// <summary>Units that stop with another one.</summary>
    public Dictionary<string, string[]> Dependents { get; } = [];

    public IReadOnlyList<string> StoppedWith(string unit) => Dependents.GetValueOrDefault(unit, []);

    public string? ControlGroup(string unit) => $"/system.slice/{unit}";

    public UnitJob Stop(string unit) => Ask("stop", unit);

    public UnitJob Start(string unit) => Ask("start", unit);

    public string? Wait(UnitJob job, TimeSpan limit)
    {
        WhileWaiting(job);
        if (Instead.TryGetValue(job.Path, out var instead))
        {
            this[job.Unit] = instead.After;
            return instead.Result;
        }
        if (job.Path.StartsWith("stop ", StringComparison.Ordinal))
            foreach (var other in StoppedWith(job.Unit))
                this[other] = Dead;
        this[job.Unit] = job.Path.StartsWith("stop ", StringComparison.Ordinal) ? Dead : Running;
        return "done";
    }

    public void Dispose() { }

    private UnitJob Ask(string what, string unit)
    {
        Done.Add($"{what} {unit}");
        return new UnitJob(unit, $"{what} {unit}");
    }
}
