using BeBiDa.Node.Pods;

namespace BeBiDa.Node.Tests;

/// <summary>Pods' processes as a number, noted in the list of what was done to the services.</summary>
internal sealed class FakePods(List<string> done) : IPodProcesses
{
    private int processes;

    public bool Obeys { get; set; } = true;

    public TimeSpan Grace { get; private set; }

    public int Processes
    {
        get => processes;
        set => processes = value;
    }

    public bool Exist { get; set; } = true;

    public int Count() => processes;

    public bool End(TimeSpan grace, TimeSpan limit)
    {
        done.Add("end pods");
        Grace = grace;
        processes = Obeys ? 0 : processes;
        return Obeys;
    }

    public bool Freeze(TimeSpan limit)
    {
        done.Add("freeze pods");
        return Obeys;
    }

    public void Thaw() => done.Add("thaw pods");
}
